/** The package as it is published, built afresh into `dist/`. */
import { join } from "node:path";
import { build } from "vite";

const ROOT = join(import.meta.dirname, "../..");

export async function buildLibrary(): Promise<void> {
  await build({ root: ROOT, configFile: join(ROOT, "vite.config.ts"), mode: "library", logLevel: "error" });
}
