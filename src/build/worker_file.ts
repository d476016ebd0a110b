/** The worker as a file of its own: all that it needs and nothing fetched late, so that any bundler can take it along. */
import { basename } from "node:path";
import { build, type Plugin } from "vite";
import { wgsl } from "./wgsl_plugin.ts";

/** Keeps Vite from bundling the worker in its own way. */
const IGNORE = "/* @vite-ignore */";

/**
 * Vite plugin: the URL of `entry` in the library, `new URL("./x_worker.ts", import.meta.url)`, becomes that of the published
 * file `name`, made of `entry` after the library. `kernels` says what of the shaders it needs. In what is published the URL
 * stands by itself, as bundlers look for it.
 */
export function workerFile(entry: string, name: string, outDir: string, kernels: Parameters<typeof wgsl>[0]): Plugin {
  return {
    name: `worker-file ${name}`,
    enforce: "pre",
    transform(code) {
      const url = `new URL("./${basename(entry)}", import.meta.url)`;
      if (!code.includes(url)) return null;
      return { code: code.replace(url, `new URL(${IGNORE} "./${name}", import.meta.url)`), map: null };
    },
    generateBundle(_options, bundle) {
      const written = new RegExp(`new URL\\(\\s*${IGNORE.replaceAll("*", "\\*")}\\s*["'\`]\\./${name}["'\`]`, "g");
      let found = 0;
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        chunk.code = chunk.code.replace(written, () => {
          found++;
          return `new URL("./${name}"`;
        });
      }
      if (found !== 1) this.error(`the library must start ${name} in one place, found ${found}`);
    },
    async writeBundle() {
      await build({
        configFile: false,
        logLevel: "warn",
        plugins: [wgsl(kernels)],
        build: {
          lib: { entry, formats: ["es"] },
          outDir,
          emptyOutDir: false,
          target: "es2022",
          rollupOptions: { output: { entryFileNames: name, codeSplitting: false, minify: true } },
        },
      });
    },
  };
}
