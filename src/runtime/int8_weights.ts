/** Weights as lib/weights_i8.wgsl reads them; few models ask for that. */
import { encodeInt8, INT8_MAX } from "../tensor/int8";
import { pad4, type Shape } from "../tensor/shape";

/** Packed numbers as 8-bit integers, and behind them what each column's are multiplied with. */
export function int8Weights(numbers: Float32Array, shape: Shape): Uint8Array<ArrayBuffer> {
  const { q, scales } = encodeInt8(numbers, pad4(shape.at(-1)!), 1);
  const bytes = new Uint8Array(q.length + scales.byteLength);
  bytes.set(new Uint8Array(q.buffer));
  // unpack4x8snorm divides by 127.
  bytes.set(new Uint8Array(scales.map((scale) => scale * INT8_MAX).buffer), q.length);
  return bytes;
}
