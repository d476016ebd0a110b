/**
 * Kernels whose activations are f16. Each is written, and compiles, for f32: here its binding is declared as f16, every
 * number read through it becomes f32 on the way and every number written f16, a change so regular that it is made in the text.
 */
import productsF16 from "../../shaders/lib/products_f16.wgsl?text";
import productsF32 from "../../shaders/lib/products_f32.wgsl?text";
import readF16 from "../../shaders/lib/statistics_read_f16.wgsl?text";
import readF32 from "../../shaders/lib/statistics_read_f32.wgsl?text";
import writeF16 from "../../shaders/lib/statistics_write_f16.wgsl?text";
import writeF32 from "../../shaders/lib/statistics_write_f32.wgsl?text";
import storedF16 from "../../shaders/lib/stored_f16.wgsl?text";
import type { Shader } from "../recording/shader";
import { check, ShaderError } from "../tensor/check";

/** What a buffer of f32 is an array of; one of vec2f is only read. */
type Element = "vec4f" | "vec2f" | "f32";

/** The kernel that multiplies in f16 where what it multiplies is stored so. */
const MULTIPLIES_IN_F16 = "conv2d";

/** `code`, the shader's text, with the buffers `bindings`, arrays of vec4f, vec2f or f32, as arrays of the same in f16. */
export function withHalves({ name, bindings: all }: Shader, code: string, bindings: readonly string[]): string {
  const exchanged = [
    { is: name === MULTIPLIES_IN_F16 && bindings.includes("x"), from: productsF32, to: productsF16 },
    { is: bindings.includes("x"), from: readF32, to: readF16 },
    { is: bindings.includes("y"), from: writeF32, to: writeF16 },
  ].filter(({ is, from }) => is && code.includes(from));
  // Those texts know of f16: they must not be changed with the rest, and come back behind it.
  let text = exchanged.reduce((rest, { from }) => rest.replace(from, ""), code);
  for (const binding of bindings) {
    // By its number: texts for pages have other names.
    const declaration = new RegExp(
      `(@binding\\(${all[binding]?.index}\\) ?var<storage, ?read(?:_write)?> ?(\\w+): )array<(vec[24]f|f32)>;`,
    );
    const found = declaration.exec(text);
    check(
      found,
      () => `${name}: '${binding}' must be an array of vec4f, vec2f or f32 to become one of f16`,
      ShaderError,
    );
    const [, , buffer, element] = found as unknown as [string, string, string, Element];
    const stored = element === "f32" ? "f16" : element.replace("f", "<f16>");
    text = widened(name, text.replace(declaration, `$1array<${stored}>;`), buffer, element);
  }
  // On the first line, a comment, so that all others keep their numbers.
  return [`enable f16; ${text}`, storedF16, ...exchanged.map(({ to }) => to)].join("\n");
}

/** The name of lib/stored_f16.wgsl's function. */
const STORED = /\bfn (\w+)/.exec(storedF16)![1]!;

/** Every `buffer[i]` as vec4f(buffer[i]), and every `buffer[i] = v;` as buffer[i] = stored(v); from the last on. */
function widened(name: string, code: string, buffer: string, element: Element): string {
  let text = code;
  // Formulas in comments are left as they are.
  for (const { index } of [...code.matchAll(new RegExp(`(?<!//.*|[\\w.])${buffer}\\[`, "g"))].reverse()) {
    const end = closing(text, index + buffer.length);
    const assignment = /^\s*([-+*/]?=)(?!=)/.exec(text.slice(end));
    if (!assignment) {
      text = `${text.slice(0, index)}${element}(${text.slice(index, end)})${text.slice(end)}`;
      continue;
    }
    check(
      assignment[1] === "=",
      () => `${name}: '${buffer}' must be written by plain assignments to become f16`,
      ShaderError,
    );
    const from = end + assignment[0].length;
    const to = text.indexOf(";", from);
    const value = text.slice(from, to).trim();
    const stored = element === "f32" ? `${STORED}(vec4f(${value})).x` : `${STORED}(${value})`;
    text = `${text.slice(0, from)} ${stored}${text.slice(to)}`;
  }
  return text;
}

/** The index behind the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; ; i++) {
    if (text[i] === "[") depth++;
    else if (text[i] === "]" && --depth === 0) return i + 1;
  }
}
