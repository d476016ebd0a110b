/**
 * What every drawing page fetches, in two files: bundlers would cut it into many, wherever something that is fetched
 * late shares a module. Shaders lie together, because text compresses best beside its like.
 */
import type { Plugin } from "vite";

export interface EngineChunks {
  readonly plugin: Plugin;
  readonly groups: { readonly name: string; readonly test: (id: string) => boolean }[];
}

/** @param entry ends the path of the module that pages import first */
export function engineChunks(entry: string): EngineChunks {
  const needed = new Set<string>();
  return {
    plugin: {
      name: "engine-chunks",
      buildEnd() {
        const waiting = [...this.getModuleIds()].filter((id) => id.endsWith(entry));
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
          if (needed.has(id)) continue;
          needed.add(id);
          waiting.push(...(this.getModuleInfo(id)?.importedIds ?? []));
        }
      },
    },
    groups: [
      { name: "shaders", test: (id) => needed.has(id) && id.includes(".wgsl") },
      { name: "engine", test: (id) => needed.has(id) && !id.includes(".wgsl") },
    ],
  };
}
