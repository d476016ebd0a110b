/**
 * Matrices as 8-bit integers in safetensors, a quarter of the download:
 *
 *   conv1.weight        I8   (O, ...)   q, from -127 to 127
 *   conv1.weight_scale  F32  (O)        weight = q * scale of its output channel; finite and not negative
 *
 * To the reader such a pair is one tensor of floats. What `unstatic quantize` writes; the file is untrusted all the same.
 */
import { CheckpointError, check } from "../tensor/check";
import { decodeInt8, INT8_MAX } from "../tensor/int8";
import { formatShape, sizeOf } from "../tensor/shape";
import type { Checkpoint, TensorEntry } from "./checkpoint";

/** What the name of a matrix's scales adds to the matrix's own. */
export const SCALE_SUFFIX = "_scale";

/** The checkpoint with every I8 tensor and its scales as one. @throws CheckpointError where scales do not fit. */
export function withScales(checkpoint: Checkpoint): Checkpoint {
  const pairs = new Map<string, TensorEntry>();
  for (const [name, entry] of checkpoint.tensors) {
    const scale = checkpoint.tensors.get(name + SCALE_SUFFIX);
    if (entry.dtype !== "I8" || scale === undefined) continue;
    const where = `${scale.source.name}: ${name}${SCALE_SUFFIX}`;
    check(scale.dtype === "F32", () => `${where}: scales must be F32, got ${scale.dtype}`, CheckpointError);
    check(
      entry.shape.length > 0 && scale.shape.length === 1 && scale.shape[0] === entry.shape[0],
      () =>
        `${where}: must have one scale for each output channel of ${formatShape(entry.shape)}, got ${formatShape(scale.shape)}`,
      CheckpointError,
    );
    pairs.set(name, { ...entry, scale });
  }
  if (pairs.size === 0) return checkpoint;
  const isScale = (name: string) =>
    name.endsWith(SCALE_SUFFIX) && pairs.has(name.slice(0, name.length - SCALE_SUFFIX.length));
  const tensors = [...checkpoint.tensors].filter(([name]) => !isScale(name));
  return {
    ...checkpoint,
    tensors: new Map(tensors.map(([name, entry]) => [name, pairs.get(name) ?? entry])),
    read: async (name) => {
      const entry = pairs.get(name);
      if (!entry) return checkpoint.read(name);
      const [q, scales] = await Promise.all([checkpoint.read(name), checkpoint.read(name + SCALE_SUFFIX)]);
      checkRanges(q, scales, `${entry.source.name}: ${name}`);
      return decodeInt8(q, scales, sizeOf(entry.shape) / scales.length);
    },
  };
}

/** -128 has no place in a symmetric range, and graphics hardware reads it as -127. */
function checkRanges(q: Float32Array, scales: Float32Array, where: string): void {
  const low = q.findIndex((value) => value < -INT8_MAX);
  check(low < 0, () => `${where}: integers must be from -127 to 127, got ${q[low]} at ${low}`, CheckpointError);
  const negative = scales.findIndex((scale) => scale < 0);
  check(
    negative < 0,
    () => `${where}${SCALE_SUFFIX}: scales must not be negative, got ${scales[negative]} at ${negative}`,
    CheckpointError,
  );
}
