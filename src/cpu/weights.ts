/** Matrices in f16 or int8, shaders/lib/weights_f16.wgsl and weights_i8.wgsl in TypeScript: unpacked before they are read. */
import { check, ShaderError } from "../tensor/check";
import { decodeHalf } from "../tensor/half";
import { INT8_MAX } from "../tensor/int8";

/** The numbers that the words mean; `columns` output channels are contiguous. */
export function unpackedWeights(words: Uint32Array, format: string, columns: number): Float32Array {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  if (format === "f16") return decodeHalf(bytes);
  check(format === "i8", () => `weights: must be f16 or i8, got ${format}`, ShaderError);
  // One f32 scale per output channel stands behind the integers.
  const count = bytes.length - 4 * columns;
  const q = new Int8Array(words.buffer, words.byteOffset, count);
  const scales = new Float32Array(words.buffer, words.byteOffset + count, columns);
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = (q[i]! / INT8_MAX) * scales[i % columns]!;
  return numbers;
}
