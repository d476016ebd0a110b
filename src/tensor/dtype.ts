/**
 * The number types of checkpoint tensors, under safetensors' names, and their way to f32, in which the engine computes.
 *
 * Bytes are little-endian. Floats convert as in torch's `.float()`: F16 and BF16 exactly, F64 rounded to nearest.
 * Integers, which few files have, are decoded by integers.ts.
 */

import { check } from "./check";
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

/** Number types that need no look at each number on their way to f32. */
const FLOATS = ["F64", "F32", "F16", "BF16"] as const;

/** A float of any width. */
export type FloatDType = (typeof FLOATS)[number];

export function isFloatDType(dtype: FileDType): dtype is FloatDType {
  return (FLOATS as readonly string[]).includes(dtype);
}

/** Decodes `bytes` (any offset of any buffer, whole elements of `dtype`) to a new Float32Array. */
export function decodeFloats(bytes: Uint8Array, dtype: FloatDType, where: string): Float32Array<ArrayBuffer> {
  checkWhole(bytes, dtype, where);
  switch (dtype) {
    case "F16":
      return decodeHalf(bytes);
    case "BF16":
      return decodeBfloat16(bytes);
    case "F32":
      return new Float32Array(copyOf(bytes));
    case "F64":
      return new Float32Array(new Float64Array(copyOf(bytes)));
  }
}

export function checkWhole({ length }: Uint8Array, dtype: FileDType, where: string): void {
  const size = BYTES[dtype];
  check(length % size === 0, () => `${where}: ${dtype} takes ${size} bytes each, got ${length} bytes`);
}

/** A copy that starts a buffer of its own: typed-array views must start at whole elements, and tensors in a file need not. */
export function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
