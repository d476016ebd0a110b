/**
 * What a tensor's number type changes in a kernel that reads it: the text of one small library, and nothing else.
 *
 * A kernel is written, and compiles, for f32: it includes lib/weights_f32.wgsl. Where the matrix of a dispatch lies in
 * memory as f16 or as 8-bit integers, the kernel gets the library of that format in its place.
 */
import weightsF16 from "../../shaders/lib/weights_f16.wgsl";
import weightsF32 from "../../shaders/lib/weights_f32.wgsl";
import weightsI8 from "../../shaders/lib/weights_i8.wgsl";
import type { RecordedDispatch, Recording } from "../recording/recording";
import type { Shader } from "../recording/shader";
import { check, ShaderError } from "../tensor/check";
import type { DType } from "../tensor/shape";

const WEIGHTS: Readonly<Partial<Record<DType, Shader>>> = { f16: weightsF16, i8: weightsI8 };

/** Kernels in another format, by the kernel and the format: the same object for all layers. */
const made = new Map<string, Shader>();

/** Gives every dispatch the kernel that reads its tensors as they are stored. Comes last, after the choice of algorithms. */
export function applyFormats(recording: Recording): void {
  recording.exchange(inFormat);
}

function inFormat(dispatch: RecordedDispatch): RecordedDispatch {
  const packed = Object.entries(dispatch.reads).find(
    ([, tensor]) => tensor.kind === "weight" && tensor.dtype !== "f32",
  );
  if (!packed) return dispatch;
  const [binding, { dtype }] = packed;
  return { ...dispatch, shader: withWeights(dispatch.shader, binding, dtype) };
}

/** The kernel with its matrix, the binding `w`, in the format `dtype`. */
function withWeights(shader: Shader, binding: string, dtype: DType): Shader {
  const format = WEIGHTS[dtype];
  check(
    format && binding === "w" && shader.code.includes(weightsF32.code),
    () => `${shader.name}: '${binding}' must be f32, got ${dtype}; only lib/weights_f32.wgsl has other formats`,
    ShaderError,
  );
  const name = `${shader.name}:${dtype}`;
  const known = made.get(name);
  if (known?.code.length === shader.code.length - weightsF32.code.length + format.code.length) return known;
  const changed = { ...shader, name, code: shader.code.replace(weightsF32.code, () => format.code) };
  made.set(name, changed);
  return changed;
}
