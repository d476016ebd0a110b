/** Matrices of 8-bit integers: read as floats where integers and scales belong together, refused by name where not. */
import { describe, expect, test } from "vitest";
import { memorySource } from "../../src/checkpoint/byte_source";
import { withScales } from "../../src/checkpoint/quantized";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { encodeSafetensors, float32Tensor, type TensorToWrite } from "../../src/checkpoint/safetensors_writer";
import { CheckpointError } from "../../src/tensor/check";

const integers = (values: readonly number[], shape: readonly number[]): TensorToWrite => {
  return { dtype: "I8", shape, bytes: new Uint8Array(Int8Array.from(values).buffer) };
};

const scales = (values: readonly number[]) => float32Tensor(Float32Array.from(values), [values.length]);

const SOUND: Readonly<Record<string, TensorToWrite>> = {
  "a.weight": integers([127, -127, 0, 1, 2, -3], [2, 3]),
  "a.weight_scale": scales([0.5, 2]),
  "a.bias": scales([1, 1]),
};

async function open(changes: Readonly<Record<string, TensorToWrite | null>> = {}) {
  const tensors = Object.entries({ ...SOUND, ...changes }).filter(([, tensor]) => tensor !== null);
  const file = encodeSafetensors(new Map(tensors as [string, TensorToWrite][]));
  return withScales(await openSafetensors(memorySource(file, "f")));
}

async function failure(changes: Readonly<Record<string, TensorToWrite>>): Promise<string> {
  const error = await open(changes).then(
    (checkpoint) => checkpoint.read("a.weight").catch((reason: unknown) => reason),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return (error as Error).message;
}

describe("I8 with scales", () => {
  test("is one tensor of floats", async () => {
    const checkpoint = await open();
    expect([...checkpoint.tensors.keys()].sort()).toEqual(["a.bias", "a.weight"]);
    expect(checkpoint.tensors.get("a.weight")).toMatchObject({ shape: [2, 3], scale: { shape: [2] } });
    expect([...(await checkpoint.read("a.weight"))]).toEqual([63.5, -63.5, 0, 2, 4, -6]);
    expect([...(await checkpoint.read("a.bias"))]).toEqual([1, 1]);
  });

  test("without scales it stays what it was, and so do scales of floats", async () => {
    const checkpoint = await open({ "a.weight_scale": null, "a.bias_scale": scales([1]) });
    expect([...checkpoint.tensors.keys()].sort()).toEqual(["a.bias", "a.bias_scale", "a.weight"]);
    expect(checkpoint.tensors.get("a.weight")).not.toHaveProperty("scale");
  });

  const cases: [what: string, changes: Readonly<Record<string, TensorToWrite>>, message: string][] = [
    [
      "a scale too few",
      { "a.weight_scale": scales([1]) },
      "f: a.weight_scale: must have one scale for each output channel of (2, 3), got (1)",
    ],
    [
      "scales along the inputs",
      { "a.weight_scale": scales([1, 1, 1]) },
      "must have one scale for each output channel of (2, 3), got (3)",
    ],
    ["scales with an axis more", { "a.weight_scale": float32Tensor(Float32Array.of(1, 1), [2, 1]) }, "got (2, 1)"],
    ["a matrix that is a scalar", { "a.weight": integers([1], []) }, "for each output channel of (), got (2)"],
    [
      "scales of integers",
      { "a.weight_scale": integers([1, 1], [2]) },
      "f: a.weight_scale: scales must be F32, got I8",
    ],
    ["a NaN", { "a.weight_scale": scales([1, Number.NaN]) }, "f: a.weight_scale: values must be finite, got NaN at 1"],
    ["an infinity", { "a.weight_scale": scales([1, Infinity]) }, "values must be finite, got Infinity at 1"],
    [
      "a negative scale",
      { "a.weight_scale": scales([1, -2]) },
      "f: a.weight_scale: scales must not be negative, got -2 at 1",
    ],
    [
      "-128",
      { "a.weight": integers([0, 0, 0, 0, -128, 0], [2, 3]) },
      "f: a.weight: integers must be from -127 to 127, got -128 at 4",
    ],
  ];
  test.each(cases)("%s is refused", async (_what, changes, message) => {
    expect(await failure(changes)).toContain(message);
  });
});
