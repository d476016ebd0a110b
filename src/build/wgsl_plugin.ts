/**
 * The build step of a shader: `import kernel from "../../shaders/silu.wgsl"` gives a `Shader`, plain data.
 *
 * Reflection happens here, at build time, so that the host never writes a binding number or a byte offset by hand and
 * the shipped engine carries no parser. A kernel names the shared files it needs in its header (`// Include lib/x.wgsl`);
 * they are appended after it, so that a compiler's line numbers stay those of the file on disk.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Plugin } from "vite";
// The package's CommonJS entry does not load in Node; its module file does.
import { WgslReflect } from "../../node_modules/wgsl_reflect/wgsl_reflect.module.js";
import type { Binding, Params, Shader } from "../recording/shader";
import { packShader } from "./pack_shader.ts";
import { wgslMinifier } from "./wgsl_minify.ts";

/** Where what unpacks a shader lies, and the files of texts. */
const UNPACK = JSON.stringify(join(import.meta.dirname, "../recording/packed_shader.ts"));
const KERNELS = join(import.meta.dirname, "../kernels");

/** Ends the name of a kernel that few programs hold: `import kernel from "../../shaders/resize.wgsl?late"`. */
const LATE = "?late";
/** The same for a kernel whose text comes with others, as an export of that file: `conv2d.wgsl?late=tiled`. */
const LATE_WITH = "?late=";
/** Ends the name of a kernel whose text pages do without: the rest is what reflection read. */
const LAYOUT = "?layout";
/** Ends the name of a file's text alone, as the kernels that include it have it. */
const TEXT = "?text";
/** Ends the name of the text of a kernel with all that it includes. */
const CODE = "?code";
/** Ends the name of any kernel where one short word for all of its folder is wanted: it changes whenever one of them does. */
const FINGERPRINT = "?fingerprint";

/**
 * Vite plugin: turns every imported `.wgsl` file into a module whose default export is its `Shader`.
 *
 * Pages download less of it: a late kernel's text is a file of its own, fetched when a program holds it; what several
 * kernels include is there once; and texts are minified. The CPU path needs no text at all.
 */
export function wgsl({ isForPages = false, hasTexts = true } = {}): Plugin {
  const minify = isForPages ? wgslMinifier() : (text: string) => text;
  const textOf = (file: string) => JSON.stringify(minify(readFileSync(file, "utf8")));
  const codeOf = ([kernel, ...libraries]: readonly string[]) => [
    ...libraries.map((path, i) => `import text${i} from ${JSON.stringify(path + TEXT)};`),
    `const code = [${[textOf(kernel!), ...libraries.map((_, i) => `text${i}`)]}].join("\\n");`,
  ];
  return {
    name: "wgsl",
    enforce: "pre",
    load(id) {
      const [file, query] = id.split(/(?=\?)/) as [string, string?];
      if (!file.endsWith(".wgsl")) return null;
      if (query === FINGERPRINT) return `export default "${fingerprint(dirname(file))}";`;
      if (query === TEXT) return `export default ${hasTexts ? textOf(file) : '""'};`;
      const isLate = query === LATE || query?.startsWith(LATE_WITH);
      if (query !== undefined && !isLate && query !== LAYOUT && query !== CODE) return null;
      const { shader, files } = readShader(file);
      for (const path of files) this.addWatchFile(path);
      if (query === CODE) return [...codeOf(files), "export default code;"].join("\n");
      if (!hasTexts || (query === LAYOUT && isForPages)) return exportOf(shader, '""');
      if (isLate && isForPages) {
        const [from, name] =
          query === LATE
            ? [file + CODE, "default"]
            : [join(KERNELS, `${query!.slice(LATE_WITH.length)}.ts`), shader.name];
        return exportOf(shader, '""', `() => import(${JSON.stringify(from)}).then((texts) => texts.${name})`);
      }
      return [...codeOf(files), exportOf(shader, "code")].join("\n");
    },
  };
}

/** The lines of a module: its shader, with the text that `code` says, in the short form of packed_shader.ts. */
function exportOf({ code: _, ...shader }: Shader, code: string, fetchCode?: string): string {
  const words = packShader(shader).map((text) => JSON.stringify(text));
  const given = [code, ...words, ...(fetchCode ? [fetchCode] : [])];
  return `import { unpackShader } from ${UNPACK};\nexport default unpackShader(${given.join(", ")});`;
}

/** Eight hexadecimal digits for all kernels below `folder`. */
export function fingerprint(folder: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".wgsl"));
  for (const name of names.sort()) hash.update(`${name}\n${readFileSync(resolve(folder, name), "utf8")}`);
  return hash.digest("hex").slice(0, 8);
}

/** Reads a kernel and the files that it includes; returns the shader and every path read, the kernel's first. */
export function readShader(file: string): { shader: Shader; files: string[] } {
  const kernel = readFileSync(file, "utf8");
  const included =
    /^\/\/ Include\s+(.*)$/m
      .exec(kernel)?.[1]
      ?.trim()
      .split(/[\s,]+/) ?? [];
  const libraries = included.map((name) => resolve(dirname(file), name));
  const code = [kernel, ...libraries.map((path) => readFileSync(path, "utf8"))].join("\n");
  return { shader: { name: basename(file, ".wgsl"), code, ...reflect(code) }, files: [file, ...libraries] };
}

/** Bindings, the layout of `Params` and the names of the overrides, read off the WGSL itself. */
export function reflect(code: string): Omit<Shader, "name" | "code"> {
  // wgsl_reflect knows no directives; nothing that it reads depends on one.
  const reflection = new WgslReflect(code.replace(/^(enable|diagnostic|requires)\b.*$/gm, ""));
  const bindings: Record<string, Binding> = {};
  let params: Params = { bytes: 0, fields: {} };
  for (const uniform of reflection.uniforms) {
    bindings[uniform.name] = { index: uniform.binding, access: "uniform" };
    if (uniform.name !== "params") continue;
    const fields = uniform.members ?? [];
    params = {
      bytes: Math.ceil(uniform.size / 16) * 16,
      fields: Object.fromEntries(fields.map((m) => [m.name, { offset: m.offset, type: m.type.name }])),
    };
  }
  for (const storage of reflection.storage) {
    bindings[storage.name] = {
      index: storage.binding,
      access: storage.access === "read_write" ? "read_write" : "read",
    };
  }
  return { bindings, params, overrides: reflection.overrides.map((override) => override.name) };
}
