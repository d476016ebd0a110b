/** Fonts that the first paint needs, asked for before the style sheet names them. */
import type { HtmlTagDescriptor, Plugin } from "vite";

/** Vite plugin: the built page preloads every font file whose name contains `part`. */
export function fontPreloads(part: string): Plugin {
  return {
    name: "font-preloads",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (_html, { bundle }) =>
        Object.keys(bundle ?? {})
          .filter((file) => file.includes(part))
          .map((file): HtmlTagDescriptor => {
            const attrs = { rel: "preload", as: "font", type: "font/woff2", crossorigin: true, href: `./${file}` };
            return { tag: "link", attrs, injectTo: "head" };
          }),
    },
  };
}
