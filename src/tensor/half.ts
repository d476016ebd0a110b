/**
 * The two 16-bit floats of checkpoints, to and from f32, exactly.
 *
 *   f16  (IEEE 754 binary16)  1 sign, 5 exponent (bias 15), 10 fraction bits: 2^-24 to 65504
 *   bf16 (bfloat16)           1 sign, 8 exponent (bias 127), 7 fraction bits: the upper half of an f32
 *
 * Every f16 and every bf16 is an f32, so decoding never rounds; encoding rounds to nearest, ties to even.
 * Bytes are little-endian, as in safetensors and on every machine that has WebGPU.
 */

import { check } from "./check";

const word = new DataView(new ArrayBuffer(4));

function floatFromBits(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

function bitsFromFloat(value: number): number {
  word.setFloat32(0, value);
  return word.getUint32(0);
}

/** The f32 bits of the f16 with bits `half` (0 to 65535). A NaN keeps its sign and payload. */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  // A subnormal is fraction * 2^-24: small enough an integer that f32 arithmetic is exact.
  return (sign | bitsFromFloat(fraction * 2 ** -24)) >>> 0;
}

/** The number that the 16 bits `half` mean as f16. */
export function halfToFloat(half: number): number {
  return floatFromBits(widenHalf(half & 0xffff));
}

/** The number that the 16 bits `brain` mean as bf16. */
export function bfloat16ToFloat(brain: number): number {
  return floatFromBits(((brain & 0xffff) << 16) >>> 0);
}

/**
 * The bits of the f16 nearest to `value` taken as f32, ties to even; beyond 65519.996 it is infinity, as in IEEE 754.
 * A NaN stays a NaN (quiet, upper payload bits kept).
 */
export function floatToHalf(value: number): number {
  const bits = bitsFromFloat(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >> 13) & 0x1ff);
  // 65520 = 0x477ff000 is the midpoint between the largest f16 and the next power of two; its tie goes up.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2^-14: an f16 subnormal is a multiple of 2^-24. Adding 2^-1, whose last f32 bit is 2^-24, lets the f32
    // addition itself round to that multiple, ties to even.
    return sign | (bitsFromFloat(Math.fround(floatFromBits(magnitude) + 0.5)) - 0x3f000000);
  }
  // Re-bias the exponent by -112, then round away 13 fraction bits; a carry runs into the exponent as it should.
  const odd = (magnitude >> 13) & 1;
  return sign | ((magnitude - (112 << 23) + 0xfff + odd) >> 13);
}

/** All 65536 f16 as f32 bits: 256 KiB, made on first use; one look-up per value is five times faster than arithmetic. */
let halfTable: Uint32Array | undefined;

function tableOfHalves(): Uint32Array {
  halfTable ??= Uint32Array.from({ length: 0x10000 }, (_, half) => widenHalf(half));
  return halfTable;
}

/** `bytes` as 16-bit words, copied only where they begin at an odd address. */
function words16(bytes: Uint8Array): Uint16Array {
  check(bytes.length % 2 === 0, () => `half floats: length must be even, got ${bytes.length} bytes`);
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

/** Decodes little-endian f16 from any offset of any buffer. */
export function decodeHalf(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const halves = words16(bytes);
  const table = tableOfHalves();
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = table[halves[i] as number] as number;
  return new Float32Array(bits.buffer);
}

/** Decodes little-endian bf16 from any offset of any buffer. */
export function decodeBfloat16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const brains = words16(bytes);
  const bits = new Uint32Array(brains.length);
  for (let i = 0; i < brains.length; i++) bits[i] = (brains[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

/** Encodes to f16, one 16-bit word per value. */
export function encodeHalf(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = floatToHalf(values[i] as number);
  return halves;
}
