/**
 * What every drawing page fetches, in one file: bundlers would cut it into many, wherever something that is fetched late
 * shares a module. What several late files would need belongs to it, too.
 */
import type { Plugin } from "vite";

export interface EngineChunks {
  readonly plugin: Plugin;
  readonly groups: { readonly name: string; readonly test: (id: string) => boolean }[];
}

/**
 * @param entry ends the path of the module that pages import first
 * @param late end the paths of modules that it fetches: which of them is the adapter's and the model's business
 */
export function engineChunks(entry: string, late: readonly string[]): EngineChunks {
  const needed = new Set<string>();
  return {
    plugin: {
      name: "engine-chunks",
      buildEnd() {
        const importsOf = (ending: string) => {
          const found = new Set<string>();
          const waiting = [...this.getModuleIds()].filter((id) => id.endsWith(ending));
          for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
            if (found.has(id)) continue;
            found.add(id);
            waiting.push(...(this.getModuleInfo(id)?.importedIds ?? []));
          }
          return found;
        };
        const files = late.map(importsOf);
        const isShared = (id: string) => files.filter((file) => file.has(id)).length > 1;
        const shared = files.flatMap((file) => [...file].filter(isShared));
        for (const id of [...importsOf(entry), ...shared]) needed.add(id);
      },
    },
    groups: [{ name: "engine", test: (id) => needed.has(id) }],
  };
}
