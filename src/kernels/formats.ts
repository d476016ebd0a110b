/**
 * What a tensor's number type changes in a kernel that reads or writes it.
 *
 * A kernel is written, and compiles, for f32. Where its matrix lies in memory as f16 or 8-bit integers, it gets another
 * text of one small library, lib/weights_f32.wgsl. Where an activation is f16, its binding is declared so, every number read
 * through it becomes f32 on the way and every number written f16: a change so regular that it is made in the text.
 */
import productsF16 from "../../shaders/lib/products_f16.wgsl";
import productsF32 from "../../shaders/lib/products_f32.wgsl";
import readF16 from "../../shaders/lib/statistics_read_f16.wgsl";
import readF32 from "../../shaders/lib/statistics_read_f32.wgsl";
import writeF16 from "../../shaders/lib/statistics_write_f16.wgsl";
import writeF32 from "../../shaders/lib/statistics_write_f32.wgsl";
import storedF16 from "../../shaders/lib/stored_f16.wgsl";
import weightsF16 from "../../shaders/lib/weights_f16.wgsl";
import weightsF32 from "../../shaders/lib/weights_f32.wgsl";
import weightsI8 from "../../shaders/lib/weights_i8.wgsl";
import type { RecordedDispatch, Recording, Tensor } from "../recording/recording";
import type { Shader } from "../recording/shader";
import { check, ShaderError } from "../tensor/check";

/** The kernel that multiplies in f16 where what it multiplies is stored so. */
const MULTIPLIES_IN_F16 = "conv2d";

/**
 * Kernels in another format, the same object for all layers, by a name such as `conv2d:i8+x+y`: behind the colon the type of
 * the matrix, then the bindings of f16.
 */
const made = new Map<string, { readonly from: Shader; readonly shader: Shader }>();

/** Gives every dispatch the kernel that reads its tensors as they are stored. Comes last, after the choice of algorithms. */
export function applyFormats(recording: Recording): void {
  recording.exchange((dispatch) => {
    const tensors = Object.entries({ ...dispatch.reads, ...dispatch.writes });
    const others = tensors.filter(([, { dtype }]) => dtype === "f16" || dtype === "i8");
    return others.length === 0 ? dispatch : { ...dispatch, shader: inFormat(dispatch, others) };
  });
}

function inFormat({ shader }: RecordedDispatch, tensors: readonly [binding: string, tensor: Tensor][]): Shader {
  const weight = tensors.find(([, { kind }]) => kind === "weight");
  const halves = tensors.filter((tensor) => tensor !== weight).map(([binding]) => binding);
  const name = [shader.name, weight && `:${weight[1].dtype}`, ...halves.map((half) => `+${half}`)].join("");
  const known = made.get(name);
  if (known?.from === shader) return known.shader;
  let { code } = shader;
  if (weight) code = withWeights(shader.name, code, weight[0], weight[1].dtype === "i8" ? weightsI8 : weightsF16);
  if (halves.length > 0) code = withHalves(shader, code, halves);
  const changed = { ...shader, name, code };
  made.set(name, { from: shader, shader: changed });
  return changed;
}

/** The text with its matrix, the binding `w`, in another format. */
function withWeights(name: string, code: string, binding: string, format: Shader): string {
  check(
    binding === "w" && code.includes(weightsF32.code),
    () => `${name}: '${binding}' must be f32; other formats are for what includes lib/weights_f32.wgsl`,
    ShaderError,
  );
  return code.replace(weightsF32.code, () => format.code);
}

/** `code`, the shader's text, with the buffers `bindings`, arrays of vec4f or f32, as arrays of vec4<f16> or f16. */
export function withHalves({ name, bindings: all }: Shader, code: string, bindings: readonly string[]): string {
  const exchanged = [
    { is: name === MULTIPLIES_IN_F16 && bindings.includes("x"), from: productsF32, to: productsF16 },
    { is: bindings.includes("x"), from: readF32, to: readF16 },
    { is: bindings.includes("y"), from: writeF32, to: writeF16 },
  ].filter(({ is, from }) => is && code.includes(from.code));
  // Those texts know of f16: they must not be changed with the rest, and come back behind it.
  let text = exchanged.reduce((rest, { from }) => rest.replace(from.code, ""), code);
  for (const binding of bindings) {
    // By its number: texts for pages have other names.
    const declaration = new RegExp(
      `(@binding\\(${all[binding]?.index}\\) ?var<storage, ?read(?:_write)?> ?(\\w+): )array<(vec4f|f32)>;`,
    );
    const found = declaration.exec(text);
    check(found, () => `${name}: '${binding}' must be an array of vec4f or f32 to become one of f16`, ShaderError);
    const [, , buffer, element] = found as unknown as [string, string, string, "vec4f" | "f32"];
    const stored = element === "f32" ? "f16" : "vec4<f16>";
    text = widened(name, text.replace(declaration, `$1array<${stored}>;`), buffer, element);
  }
  // On the first line, a comment, so that all others keep their numbers.
  return [`enable f16; ${text}`, storedF16.code, ...exchanged.map(({ to }) => to.code)].join("\n");
}

/** The name of lib/stored_f16.wgsl's function. */
const STORED = /\bfn (\w+)/.exec(storedF16.code)![1]!;

/** Every `buffer[i]` as vec4f(buffer[i]), and every `buffer[i] = v;` as buffer[i] = stored(v); from the last on. */
function widened(name: string, code: string, buffer: string, element: "vec4f" | "f32"): string {
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
