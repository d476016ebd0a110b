/** A promise kept at build time: what a page downloads stays small. */
import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

/** A page that draws: which modules it fetches on the way to its picture, and what all of it may take. */
export interface DrawingPage {
  /** Paths that end the names of modules fetched by `import()`. */
  readonly fetches: readonly string[];
  /** Bytes of all files, gzipped one by one at level 9. */
  readonly limit: number;
}

/** Where the plugin notes, page by page, each file with its gzipped bytes: a test compares it with what a browser fetches. */
export const SIZES_FILE = "page_sizes.json";

/**
 * Vite plugin: fails the build where `entry`, the chunks that a page fetches, and the chunks without which those do not
 * run are together larger than the page's limit.
 */
export function sizeLimit(entry: string, pages: Readonly<Record<string, DrawingPage>>): Plugin {
  return {
    name: "size-limit",
    generateBundle(_options, bundle) {
      const chunks = new Map(
        Object.values(bundle).flatMap((output) => (output.type === "chunk" ? [[output.fileName, output]] : [])),
      );
      const chunkOf = (what: string, isIt: (chunk: Rollup.OutputChunk) => boolean) =>
        [...chunks.values()].find(isIt)?.fileName ?? this.error(`no ${what} in ${[...chunks.keys()].join(", ")}`);
      const first = chunkOf(`entry "${entry}"`, (chunk) => chunk.isEntry && chunk.name === entry);
      const sizes: Record<string, Record<string, number>> = {};
      for (const [page, { fetches, limit }] of Object.entries(pages)) {
        const needed = new Set<string>();
        const late = fetches.map((path) => chunkOf(path, ({ moduleIds }) => moduleIds.some((id) => id.endsWith(path))));
        for (const file of [first, ...late]) addWithImports(file, chunks, needed);
        const files = [...needed].sort().map((file) => [file, gzippedBytes(chunks.get(file)!.code)] as const);
        const total = files.reduce((sum, [, bytes]) => sum + bytes, 0);
        const news = `${page} ${total} of at most ${limit} bytes gzipped: ${files.map((file) => file.join(" ")).join(", ")}`;
        if (total > limit) this.error(`${entry} must stay within its limits, got ${news}`);
        this.info(`${entry}: ${news}`);
        sizes[page] = Object.fromEntries(files);
      }
      this.emitFile({ type: "asset", fileName: SIZES_FILE, source: JSON.stringify(sizes, null, 2) });
    },
  };
}

/** What a file takes on its way to a page. */
export function gzippedBytes(code: string | Uint8Array): number {
  return gzipSync(code, { level: 9 }).length;
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
