/** In which precision a model's numbers lie on the GPU: what the user asks for, or what the file has. */
import type { Checkpoint } from "../checkpoint/checkpoint";
import type { Precision } from "../recording/recording";
import { check, InputError } from "../tensor/check";

/** Precisions of a model's matrices, in a file and on the GPU. */
export const WEIGHT_DTYPES = ["f32", "f16", "int8"] as const;
export type WeightDType = (typeof WEIGHT_DTYPES)[number];

export interface PrecisionOptions {
  /**
   * How matrices lie on the GPU, unpacked by the kernels that read them, on every adapter: f32, f16 (half the memory), or
   * 8-bit integers with a scale for each output channel (a quarter). The file's own precision unless given, except that
   * an adapter that is a CPU gets f32, unpacked as it is loaded; sums are f32.
   */
  readonly weights?: WeightDType;
  /**
   * "f16": activations lie in memory as f16 and are multiplied as f16, while sums, norms, softmax and the sampler stay f32.
   * For adapters with shader-f16. A run that leaves f16's range is made again in f32. "f32" unless given.
   */
  readonly precision?: "f32" | "f16";
}

/** @throws InputError for a precision that there is not. */
export function precisionOf(
  { weights, precision = "f32" }: PrecisionOptions,
  checkpoint: Pick<Checkpoint, "tensors">,
): Precision {
  check(
    weights === undefined || WEIGHT_DTYPES.includes(weights),
    () => `weights: must be one of ${WEIGHT_DTYPES.join(", ")}, got ${weights}`,
    InputError,
  );
  check(
    precision === "f32" || precision === "f16",
    () => `precision: must be f32 or f16, got ${precision}`,
    InputError,
  );
  return { weights: weights ?? weightsOf(checkpoint), activations: precision };
}

/** The narrowest type that loses nothing of the file's matrices, near enough: integers stay integers. */
function weightsOf({ tensors }: Pick<Checkpoint, "tensors">): WeightDType {
  const matrices = [...tensors.values()].filter(({ shape }) => shape.length >= 2);
  if (matrices.some(({ scale }) => scale !== undefined)) return "int8";
  return matrices.every(({ dtype }) => dtype === "F16") ? "f16" : "f32";
}
