import { expect, test } from "vitest";
import { CheckpointError } from "../../src/tensor/check";
import { bytesPerElement, DTYPES, type FileDType, isDType } from "../../src/tensor/dtype";
import { decodeFloat32 } from "../../src/tensor/integers";

/** The bytes of `array`, placed at an odd offset of a larger buffer, as tensors in files may lie. */
function unaligned(array: ArrayBufferView): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const shifted = new Uint8Array(bytes.length + 5);
  shifted.set(bytes, 3);
  return shifted.subarray(3, 3 + bytes.length);
}

const CASES: [FileDType, ArrayBufferView, number[]][] = [
  ["F64", Float64Array.of(0.1, -2, 1e-50), [Math.fround(0.1), -2, 0]],
  ["F32", Float32Array.of(0.1, -0, 3e38), [Math.fround(0.1), -0, Math.fround(3e38)]],
  ["F16", Uint16Array.of(0x3c00, 0xc000, 0x0001), [1, -2, 2 ** -24]],
  ["BF16", Uint16Array.of(0x3f80, 0xc000, 0x0001), [1, -2, 2 ** -133]],
  ["I64", BigInt64Array.of(999n, -1n, 2n ** 24n, -(2n ** 63n)), [999, -1, 2 ** 24, -(2 ** 63)]],
  ["I32", Int32Array.of(999, -1, 2 ** 30), [999, -1, 2 ** 30]],
  ["I16", Int16Array.of(-32768, 32767), [-32768, 32767]],
  ["I8", Int8Array.of(-128, 127), [-128, 127]],
  ["U8", Uint8Array.of(0, 255), [0, 255]],
  ["BOOL", Uint8Array.of(0, 1, 1), [0, 1, 1]],
];

test.each(CASES)("%s decodes from any offset", (dtype, array, expected) => {
  expect([...decodeFloat32(unaligned(array), dtype, "x")]).toEqual(expected);
});

test("every type has a case above", () => {
  expect(CASES.map(([dtype]) => dtype)).toEqual(DTYPES);
});

test("decoded numbers share no memory with the file, not even from a Node Buffer", () => {
  const bytes = Buffer.from(Float32Array.of(1, 2).buffer);
  const values = decodeFloat32(bytes, "F32", "x");
  bytes.fill(0);
  expect([...values]).toEqual([1, 2]);
});

test("an integer that f32 would round is refused", () => {
  const bytes = new Uint8Array(BigInt64Array.of(1n, 2n ** 24n + 1n).buffer);
  expect(() => decodeFloat32(bytes, "I64", "file: t")).toThrow(
    new CheckpointError("file: t: I64 must be exact in f32 (to ±2^24), got 16777217 at 1"),
  );
  // 2^53 + 1 is rounded twice, once on the way to a number, and must still be seen.
  const large = new Uint8Array(BigInt64Array.of(2n ** 53n + 1n).buffer);
  expect(() => decodeFloat32(large, "I64", "file: t")).toThrow("got 9007199254740993 at 0");
});

test("a BOOL of 2 is refused", () => {
  expect(() => decodeFloat32(Uint8Array.of(1, 2), "BOOL", "file: t")).toThrow(
    "file: t: BOOL must be 0 or 1, got 2 at 1",
  );
});

test("names of types are checked, whatever they are", () => {
  expect(isDType("F16")).toBe(true);
  for (const other of ["f16", "F8_E4M3", "toString", "__proto__", 16, null, undefined])
    expect(isDType(other)).toBe(false);
  expect(bytesPerElement("BF16")).toBe(2);
});
