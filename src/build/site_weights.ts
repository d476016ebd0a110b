/** The model beside the page: served from the project while developing, copied into the built site. */
import { createReadStream } from "node:fs";
import { cp, stat } from "node:fs/promises";
import { join, normalize } from "node:path";
import type { Plugin } from "vite";

/** What a page needs of a model's folder; cards and plots stay behind. */
const NEEDED = ["model_index.json", "labels.json", "scheduler", "unet", "reference.safetensors"];

/** Vite plugin: `folder`, a path from the project's root, answers at the same path below the page. */
export function siteWeights(root: string, folder: string): Plugin {
  let outDir = "";
  return {
    name: "site-weights",
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const path = normalize(decodeURIComponent(new URL(request.url!, "http://localhost").pathname)).slice(1);
        const file = join(root, path);
        const found = path.startsWith(`${folder}/`) && (await stat(file).catch(() => undefined));
        if (!found || found.isDirectory()) return next();
        const type = file.endsWith(".json") ? "application/json" : "application/octet-stream";
        response.writeHead(200, { "content-type": type, "content-length": found.size });
        createReadStream(file).pipe(response);
      });
    },
    async writeBundle() {
      for (const name of NEEDED) await cp(join(root, folder, name), join(outDir, folder, name), { recursive: true });
    },
  };
}
