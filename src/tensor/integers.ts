/**
 * Checkpoint tensors of integers and truths on their way to f32. They must be exact there, since a silently rounded index
 * would be a wrong index.
 */
import { CheckpointError, check } from "./check";
import { checkWhole, copyOf, decodeFloats, type FileDType, isFloatDType } from "./dtype";

/**
 * Decodes `bytes` (any offset of any buffer, whole elements of `dtype`, of any type) to a new Float32Array.
 * Throws CheckpointError, beginning with `where`, for an integer that f32 cannot hold and for a BOOL that is not 0 or 1.
 */
export function decodeFloat32(bytes: Uint8Array, dtype: FileDType, where: string): Float32Array<ArrayBuffer> {
  if (isFloatDType(dtype)) return decodeFloats(bytes, dtype, where);
  checkWhole(bytes, dtype, where);
  switch (dtype) {
    case "I64":
      return exactly(new BigInt64Array(copyOf(bytes)), dtype, where);
    case "I32":
      return exactly(new Int32Array(copyOf(bytes)), dtype, where);
    case "I16":
      return new Float32Array(new Int16Array(copyOf(bytes)));
    case "I8":
      return new Float32Array(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    case "U8":
      return new Float32Array(bytes);
    case "BOOL":
      return truths(bytes, where);
  }
}

/** Integers as f32, refusing those that f32 would round: beyond 2^24 it holds only some. */
function exactly(integers: Int32Array | BigInt64Array, dtype: FileDType, where: string): Float32Array<ArrayBuffer> {
  const values = new Float32Array(integers.length);
  for (let i = 0; i < values.length; i++) {
    const integer = integers[i] as number | bigint;
    values[i] = Number(integer);
    check(
      BigInt(values[i] as number) === BigInt(integer),
      () => `${where}: ${dtype} must be exact in f32 (to ±2^24), got ${integer} at ${i}`,
      CheckpointError,
    );
  }
  return values;
}

function truths(bytes: Uint8Array, where: string): Float32Array<ArrayBuffer> {
  const other = bytes.findIndex((byte) => byte > 1);
  check(other < 0, () => `${where}: BOOL must be 0 or 1, got ${bytes[other]} at ${other}`, CheckpointError);
  return new Float32Array(bytes);
}
