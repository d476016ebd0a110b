/**
 * What a tensor's number type changes in a kernel that reads or writes it.
 *
 * A kernel is written, and compiles, for f32. Where its matrix lies in memory as f16 or 8-bit integers, it gets another
 * text of one small library, lib/weights_f32.wgsl. Activations in f16 are the business of half_activations.ts.
 */
import weightsF16 from "../../shaders/lib/weights_f16.wgsl?text";
import weightsF32 from "../../shaders/lib/weights_f32.wgsl?text";
import weightsI8 from "../../shaders/lib/weights_i8.wgsl?text";
import type { RecordedDispatch, Recording, Tensor } from "../recording/recording";
import type { Shader } from "../recording/shader";
import { check, ShaderError } from "../tensor/check";

/**
 * Kernels in another format, the same object for all layers, by a name such as `conv2d:i8+x+y`: behind the colon the type of
 * the matrix, then the bindings of f16.
 */
const made = new Map<string, { readonly from: Shader; readonly shader: Shader }>();

type WithHalves = typeof import("./half_activations").withHalves;

/**
 * Gives every dispatch the kernel that reads its tensors as they are stored. Comes last, after the choice of algorithms.
 * `withHalves` must be given where activations are f16: few pages need it.
 */
export function applyFormats(recording: Recording, withHalves?: WithHalves): void {
  recording.exchange((dispatch) => {
    const tensors = Object.entries({ ...dispatch.reads, ...dispatch.writes });
    const others = tensors.filter(([, { dtype }]) => dtype === "f16" || dtype === "i8");
    return others.length === 0 ? dispatch : { ...dispatch, shader: inFormat(dispatch, others, withHalves) };
  });
}

function inFormat(
  { shader }: RecordedDispatch,
  tensors: readonly [binding: string, tensor: Tensor][],
  withHalves: WithHalves | undefined,
): Shader {
  const weight = tensors.find(([, { kind }]) => kind === "weight");
  const halves = tensors.filter((tensor) => tensor !== weight).map(([binding]) => binding);
  const name = [shader.name, weight && `:${weight[1].dtype}`, ...halves.map((half) => `+${half}`)].join("");
  const known = made.get(name);
  if (known?.from === shader) return known.shader;
  let { code } = shader;
  if (weight) code = withWeights(shader.name, code, weight[0], weight[1].dtype === "i8" ? weightsI8 : weightsF16);
  if (halves.length > 0) {
    check(withHalves, () => `${shader.name}: activations in f16 need withHalves`, ShaderError);
    code = withHalves(shader, code, halves);
  }
  const changed = { ...shader, name, code };
  made.set(name, { from: shader, shader: changed });
  return changed;
}

/** The text with its matrix, the binding `w`, in another format. */
function withWeights(name: string, code: string, binding: string, format: string): string {
  check(
    binding === "w" && code.includes(weightsF32),
    () => `${name}: '${binding}' must be f32; other formats are for what includes lib/weights_f32.wgsl`,
    ShaderError,
  );
  return code.replace(weightsF32, () => format);
}
