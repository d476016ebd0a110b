/** The bundler's own few lines for `import()` would be a file by themselves: a request more for every page. */
import type { Plugin } from "vite";

const RUNTIME = "rolldown-runtime.js";

/** Vite plugin: copies those lines into each chunk that imports them. */
export function inlineRuntime(): Plugin {
  return {
    name: "inline-runtime",
    generateBundle(_options, bundle) {
      const runtime = bundle[RUNTIME];
      if (runtime?.type !== "chunk") return;
      const [, body, inner = "t"] = /^([\s\S]*)export\s*\{\s*(?:(\w+) as )?t\s*\};?\s*$/.exec(runtime.code) ?? [];
      if (!body) this.error(`${RUNTIME} must export one function, got ${runtime.code}`);
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk" || !chunk.imports.includes(RUNTIME)) continue;
        chunk.code = chunk.code.replace(
          /import\s*\{\s*t(?: as (\w+))?\s*\}\s*from\s*"\.\/rolldown-runtime\.js";/,
          (_, name = "t") => `const ${name} = (() => { ${body} return ${inner}; })();`,
        );
        chunk.imports = chunk.imports.filter((file) => file !== RUNTIME);
      }
      delete bundle[RUNTIME];
    },
  };
}
