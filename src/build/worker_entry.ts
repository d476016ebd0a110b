/** A worker as an entry of the library: it shares the engine's chunks with the page, and other bundlers can find it. */
import type { Plugin } from "vite";

/** Keeps Vite from bundling a copy of the worker. */
const IGNORE = "/* @vite-ignore */";

/**
 * Vite plugin: `new URL("./source", import.meta.url)` becomes the published file `name`, which must be an entry. In what
 * is published the URL stands by itself, as bundlers look for it.
 */
export function workerEntry(source: string, name: string): Plugin {
  return {
    name: "worker-entry",
    enforce: "pre",
    transform(code) {
      const url = `new URL("./${source}", import.meta.url)`;
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
  };
}
