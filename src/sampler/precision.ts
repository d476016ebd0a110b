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
   * 8-bit integers with a scale for each output channel (a quarter). The file's own precision unless given; sums are f32.
   */
  readonly weights?: WeightDType;
}

/** @throws InputError for a precision that there is not. */
export function precisionOf({ weights }: PrecisionOptions, checkpoint: Pick<Checkpoint, "tensors">): Precision {
  check(
    weights === undefined || WEIGHT_DTYPES.includes(weights),
    () => `weights: must be one of ${WEIGHT_DTYPES.join(", ")}, got ${weights}`,
    InputError,
  );
  return { weights: weights ?? weightsOf(checkpoint) };
}

/** The narrowest type that loses nothing of the file's matrices, near enough: integers stay integers. */
function weightsOf({ tensors }: Pick<Checkpoint, "tensors">): WeightDType {
  const matrices = [...tensors.values()].filter(({ shape }) => shape.length >= 2);
  if (matrices.some(({ scale }) => scale !== undefined)) return "int8";
  return matrices.every(({ dtype }) => dtype === "F16") ? "f16" : "f32";
}
