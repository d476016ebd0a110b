/**
 * Modules of plain functions that both the engine and what is fetched late need: each gets a copy with what it uses. A
 * file that every page fetches then carries no function for the sake of one that few do.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const COPY = "?copy";
/** What a module imports when it runs; types are gone by then, and `import()` fetches late. */
const IMPORTS = /^(?:import|export) (?!type\b)[^;]*?"(\.[^"]+)"/gm;

/**
 * Vite plugin: outside of `entries` and all that they import, modules that `isPure` is true of are copies.
 * @param entries files that drawing pages fetch
 * @param isPure whether it matters to nobody that a module is there twice: no state, no classes
 */
export function lateCopies(entries: readonly string[], isPure: (id: string) => boolean): Plugin {
  const first = closureOf(entries);
  return {
    name: "late-copies",
    enforce: "pre",
    async resolveId(source, importer) {
      if (!importer || !source.startsWith(".") || first.has(importer)) return null;
      const id = fileOf(importer, source);
      return id && first.has(id) && isPure(id) ? id + COPY : null;
    },
  };
}

function closureOf(entries: readonly string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...entries];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const imports = [...readFileSync(id, "utf8").matchAll(IMPORTS)].map(([, source]) => fileOf(id!, source!));
    waiting.push(...imports.filter((file) => file !== undefined));
  }
  return found;
}

function fileOf(importer: string, source: string): string | undefined {
  const path = `${join(dirname(importer), source)}.ts`;
  return existsSync(path) ? path : undefined;
}
