import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { memorySource } from "../../src/checkpoint/byte_source";
import { fileSource } from "../../src/checkpoint/file_source";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { encodeSafetensors, float32Tensor, type TensorToWrite } from "../../src/checkpoint/safetensors_writer";
import { CheckpointError } from "../../src/tensor/check";

const MIXED = "test/fixtures/safetensors/mixed.safetensors";
const QUARTERS = Array.from({ length: 15 }, (_, k) => k / 4 - 1);
const INTEGERS = [-3, -2, -1, 0, 1, 2];

describe("a file written by Python's safetensors", () => {
  const cases: [string, string, number[], number[]][] = [
    ["float/float64", "F64", [3, 5], QUARTERS],
    ["float/float32", "F32", [3, 5], QUARTERS],
    ["float/float16", "F16", [3, 5], QUARTERS],
    ["float/bfloat16", "BF16", [3, 5], QUARTERS],
    ["int/int64", "I64", [2, 3], INTEGERS],
    ["int/int32", "I32", [2, 3], INTEGERS],
    ["int/int16", "I16", [2, 3], INTEGERS],
    ["int/int8", "I8", [2, 3], INTEGERS],
    ["uint8", "U8", [7], [0, 1, 2, 3, 4, 5, 6]],
    ["bool", "BOOL", [3], [1, 0, 1]],
    ["scalar", "F32", [], [2.5]],
    ["empty", "F32", [0, 4], []],
    ["名前", "F32", [1], [1]],
    ["__proto__", "F32", [1], [7]],
  ];

  test.each(cases)("%s", async (name, dtype, shape, values) => {
    const checkpoint = await openSafetensors(fileSource(MIXED));
    const entry = checkpoint.tensors.get(name);
    expect([entry?.dtype, entry?.shape]).toEqual([dtype, shape]);
    expect([...(await checkpoint.read(name))]).toEqual(values);
  });

  test("has these tensors and notes, and no others", async () => {
    const checkpoint = await openSafetensors(fileSource(MIXED));
    expect([...checkpoint.tensors.keys()].sort()).toEqual(cases.map(([name]) => name).sort());
    expect(Object.fromEntries(checkpoint.metadata)).toEqual({ format: "pt", note: 'a "quoted" {note}' });
  });

  test("reads the same from memory at an odd offset, all tensors at once", async () => {
    const bytes = await readFile(MIXED);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const checkpoint = await openSafetensors(memorySource(shifted.subarray(1), "memory"));
    const values = await Promise.all(cases.map(async ([name]) => [...(await checkpoint.read(name))]));
    expect(values).toEqual(cases.map(([, , , expected]) => expected));
  });
});

describe("reading", () => {
  test("a tensor that is not there", async () => {
    const checkpoint = await openSafetensors(fileSource(MIXED));
    await expect(checkpoint.read("conv_in.weight")).rejects.toThrow(
      new CheckpointError(`${MIXED}: must have the tensor conv_in.weight, got none of that name`),
    );
    await expect(checkpoint.read("toString")).rejects.toThrow(CheckpointError);
  });

  test("NaN and infinity are refused where they stand", async () => {
    const file = "test/fixtures/safetensors/nonfinite.safetensors";
    const checkpoint = await openSafetensors(fileSource(file));
    expect([...(await checkpoint.read("sound"))]).toEqual([1, 1]);
    await expect(checkpoint.read("nan")).rejects.toThrow(
      new CheckpointError(`${file}: nan: values must be finite, got NaN at 7`),
    );
    await expect(checkpoint.read("infinity")).rejects.toThrow("infinity: values must be finite, got -Infinity at 4");
  });

  test("bytes come as the file has them", async () => {
    const checkpoint = await openSafetensors(fileSource(MIXED));
    expect([...(await checkpoint.readBytes("float/float16")).subarray(0, 4)]).toEqual([0x00, 0xbc, 0x00, 0xba]);
  });
});

describe("writing", () => {
  test("what was written is read back", async () => {
    const tensors = new Map([
      ["b", float32Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])],
      ["a", float32Tensor(Float32Array.of(-1.5), [])],
      ["timestep", { dtype: "I64", shape: [1], bytes: new Uint8Array(BigInt64Array.of(981n).buffer) } as const],
      ["odd", { dtype: "U8", shape: [3], bytes: Uint8Array.of(1, 2, 3) } as const],
      ["__proto__", float32Tensor(new Float32Array(), [0])],
    ]);
    const bytes = encodeSafetensors(tensors, new Map([["format", "pt"]]));
    const checkpoint = await openSafetensors(memorySource(bytes, "written"));
    expect([...checkpoint.tensors.keys()].sort()).toEqual(["__proto__", "a", "b", "odd", "timestep"]);
    expect([...(await checkpoint.read("b"))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await checkpoint.read("timestep"))]).toEqual([981]);
    expect([...(await checkpoint.read("odd"))]).toEqual([1, 2, 3]);
    expect(checkpoint.metadata.get("format")).toBe("pt");
    for (const [name, { dtype, byteOffset }] of checkpoint.tensors)
      expect(byteOffset % { I64: 8, F32: 4, U8: 1 }[dtype as "I64"], name).toBe(0);
  });

  test("Python's own file comes out again byte for byte", async () => {
    const checkpoint = await openSafetensors(fileSource("test/fixtures/safetensors/nonfinite.safetensors"));
    const tensors = new Map<string, TensorToWrite>();
    for (const [name, { dtype, shape }] of checkpoint.tensors)
      tensors.set(name, { dtype, shape, bytes: await checkpoint.readBytes(name) });
    const original = await readFile("test/fixtures/safetensors/nonfinite.safetensors");
    expect(Buffer.from(encodeSafetensors(tensors, checkpoint.metadata)).equals(original)).toBe(true);
  });

  test("bytes that do not fit the shape are refused", () => {
    expect(() => encodeSafetensors(new Map([["x", float32Tensor(new Float32Array(5), [2, 3])]]))).toThrow(
      "encodeSafetensors: x, F32 of shape (2, 3), must have 24 bytes, got 20",
    );
    expect(() => encodeSafetensors(new Map([["__metadata__", float32Tensor(new Float32Array(1), [1])]]))).toThrow(
      "must not be named __metadata__",
    );
  });
});
