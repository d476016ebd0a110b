import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  bfloat16ToFloat,
  decodeBfloat16,
  decodeHalf,
  encodeHalf,
  floatToHalf,
  halfToFloat,
} from "../../src/tensor/half";

/** SHA-256 of what torch makes of the same inputs; test/fixtures/make_safetensors.py says how. */
const checksums = JSON.parse(await readFile("test/fixtures/safetensors/half_checksums.json", "utf8"));

/** Every 16-bit word once. */
const WORDS = Uint16Array.from({ length: 0x10000 }, (_, word) => word);

function sha256(words: Uint32Array | Uint16Array): string {
  return createHash("sha256")
    .update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
    .digest("hex");
}

/** f32 bits with one NaN for all, as in the script: processors differ in the payloads that they keep. */
function floatBits(values: Float32Array): Uint32Array {
  const bits = new Uint32Array(values.length);
  const view = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = Number.isNaN(values[i]) ? 0x7fc00000 : (view[i] ?? 0);
  return bits;
}

function halfBits(values: Float32Array): Uint16Array {
  const halves = encodeHalf(values);
  values.forEach((value, i) => {
    if (Number.isNaN(value)) halves[i] = 0x7e00;
  });
  return halves;
}

describe("all 65536 words decode as in torch", () => {
  const bytes = new Uint8Array(WORDS.buffer);
  test("f16", () => expect(sha256(floatBits(decodeHalf(bytes)))).toBe(checksums.f16_to_f32));
  test("bf16", () => expect(sha256(floatBits(decodeBfloat16(bytes)))).toBe(checksums.bf16_to_f32));

  test("one by one as in bulk", () => {
    const halves = decodeHalf(bytes);
    const brains = decodeBfloat16(bytes);
    const differing = WORDS.filter(
      (word) => !Object.is(halfToFloat(word), halves[word]) || !Object.is(bfloat16ToFloat(word), brains[word]),
    );
    expect([...differing]).toEqual([]);
  });

  test("from an odd address", () => {
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(sha256(floatBits(decodeHalf(shifted.subarray(1))))).toBe(checksums.f16_to_f32);
    expect(sha256(floatBits(decodeBfloat16(shifted.subarray(1))))).toBe(checksums.bf16_to_f32);
  });
});

describe("f32 rounds to f16 as in torch", () => {
  test("around every rounding boundary of every exponent", () => {
    const bits = new Uint32Array(0x10000 * 48);
    let at = 0;
    for (let upper = 0; upper < 0x10000; upper++)
      for (let step = 0; step < 8; step++)
        for (const tail of [0, 1, 0xfff, 0x1000, 0x1001, 0x1fff]) bits[at++] = (upper << 16) | (step << 13) | tail;
    expect(sha256(halfBits(new Float32Array(bits.buffer)))).toBe(checksums.f32_to_f16_rounding);
  });

  test("at and beside the middle of every two neighbours, subnormals included", () => {
    const bits = new Uint32Array(2 * 3 * 0x7c00);
    const middle = new Float32Array(1);
    for (let half = 0; half < 0x7c00; half++) {
      const next = half === 0x7bff ? 65536 : halfToFloat(half + 1);
      middle[0] = (halfToFloat(half) + next) / 2;
      const word = new Uint32Array(middle.buffer)[0] ?? 0;
      bits.set([word - 1, word, word + 1], 3 * half);
    }
    for (let i = 0; i < 3 * 0x7c00; i++) bits[3 * 0x7c00 + i] = (bits[i] ?? 0) | 0x80000000;
    expect(sha256(halfBits(new Float32Array(bits.buffer)))).toBe(checksums.f32_to_f16_midpoints);
  });

  test("every f16 that is a number comes back from f32", () => {
    const differing = WORDS.filter(
      (word) => !Number.isNaN(halfToFloat(word)) && floatToHalf(halfToFloat(word)) !== word,
    );
    expect([...differing]).toEqual([]);
  });

  test("a NaN stays a NaN, even one whose payload lies in the lower bits", () => {
    const quiet = new Float32Array(Uint32Array.of(0x7f800001, 0xffc00000, 0x7fffffff).buffer);
    expect([...encodeHalf(quiet)].map((half) => Number.isNaN(halfToFloat(half)))).toEqual([true, true, true]);
  });
});

test("half a word is refused", () => {
  expect(() => decodeHalf(new Uint8Array(3))).toThrow("half floats: length must be even, got 3 bytes");
});
