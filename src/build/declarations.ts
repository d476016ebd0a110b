/** Type declarations beside the library, by the compiler itself. */
import { execFile } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Plugin } from "vite";

/**
 * Vite plugin: after the bundle, writes the declarations that `project`, a tsconfig, asks for, below `folder`. Node's
 * way of resolving modules wants file names where ours have none, so each relative import gets its ending.
 */
export function declarations(project: string, folder: string): Plugin {
  return {
    name: "declarations",
    async writeBundle() {
      await rm(folder, { recursive: true, force: true });
      await promisify(execFile)(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project]).catch((failure) =>
        this.error(`${project}: ${failure.stdout || failure.message}`),
      );
      const files = await readdir(folder, { recursive: true });
      await Promise.all(files.filter((file) => file.endsWith(".d.ts")).map((file) => addEndings(join(folder, file))));
    },
  };
}

async function addEndings(file: string): Promise<void> {
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/(from |import |import\()"(\.[^"]+)"/g, '$1"$2.js"'));
}
