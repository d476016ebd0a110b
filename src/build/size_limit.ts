/** A promise kept at build time: what a page downloads stays small. */
import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

/**
 * Vite plugin: fails the build where `entry`, the chunks that it fetches, and the chunks without which those do not run
 * are together larger than `limit` bytes, gzipped one by one. What those chunks fetch on demand does not count.
 */
export function sizeLimit(entry: string, limit: number): Plugin {
  return {
    name: "size-limit",
    generateBundle(_options, bundle) {
      const chunks = new Map(
        Object.values(bundle).flatMap((output) => (output.type === "chunk" ? [[output.fileName, output]] : [])),
      );
      const first = [...chunks.values()].find((chunk) => chunk.isEntry && chunk.name === entry);
      if (!first) return this.error(`no entry "${entry}" in ${[...chunks.keys()].join(", ")}`);
      const needed = new Set<string>();
      for (const file of [first.fileName, ...first.dynamicImports]) addWithImports(file, chunks, needed);
      const sizes = [...needed].map((file) => ({ file, bytes: gzipSync(chunks.get(file)!.code, { level: 9 }).length }));
      const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
      const table = sizes.map(({ file, bytes }) => `${file} ${bytes}`).join(", ");
      if (total > limit) this.error(`${entry} must have at most ${limit} bytes gzipped, got ${total}: ${table}`);
      this.info(`${entry}: ${total} of at most ${limit} bytes gzipped: ${table}`);
    },
  };
}

function addWithImports(
  file: string,
  chunks: ReadonlyMap<string, Pick<Rollup.OutputChunk, "imports">>,
  found: Set<string>,
): void {
  if (found.has(file) || !chunks.has(file)) return;
  found.add(file);
  for (const imported of chunks.get(file)!.imports) addWithImports(imported, chunks, found);
}
