/**
 * The number types of checkpoint tensors, under safetensors' names, and their way to f32, in which the engine computes.
 *
 * Bytes are little-endian. Floats convert as in torch's `.float()`: F16 and BF16 exactly, F64 rounded to nearest.
 * Integers must be exact in f32, since a silently rounded index would be a wrong index.
 */

import { CheckpointError, check } from "./check";
import { decodeBfloat16, decodeHalf } from "./half";

/** Bytes per element of each type that the engine reads. */
const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;

/** A number type as a safetensors header names it. */
export type FileDType = keyof typeof BYTES;

/** All types that the engine reads, for messages and tests. */
export const DTYPES = Object.keys(BYTES) as readonly FileDType[];

/** Whether `text`, from a file, is one of those names. */
export function isDType(text: unknown): text is FileDType {
  return typeof text === "string" && Object.hasOwn(BYTES, text);
}

/** Bytes that one element takes in the file. */
export function bytesPerElement(dtype: FileDType): number {
  return BYTES[dtype];
}

/**
 * Decodes `bytes` (any offset of any buffer, whole elements of `dtype`) to a new Float32Array.
 * Throws CheckpointError, beginning with `where`, for an integer that f32 cannot hold and for a BOOL that is not 0 or 1.
 */
export function decodeFloat32(bytes: Uint8Array, dtype: FileDType, where: string): Float32Array<ArrayBuffer> {
  const size = BYTES[dtype];
  check(bytes.length % size === 0, () => `${where}: ${dtype} takes ${size} bytes each, got ${bytes.length} bytes`);
  switch (dtype) {
    case "F16":
      return decodeHalf(bytes);
    case "BF16":
      return decodeBfloat16(bytes);
    case "F32":
      return new Float32Array(copyOf(bytes));
    case "F64":
      return new Float32Array(new Float64Array(copyOf(bytes)));
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

/** A copy that starts a buffer of its own: typed-array views must start at whole elements, and tensors in a file need not. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
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
