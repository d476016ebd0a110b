/** Folders rewritten in another precision: what they hold, and that they are what a reader needs. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFolder } from "../../src/checkpoint/folder";
import { describeFolder } from "../../src/sampler/load";
import type { WeightDType } from "../../src/sampler/precision";
import { quantizeFolder } from "../../src/sampler/quantize";
import { InputError } from "../../src/tensor/check";
import { sizeOf } from "../../src/tensor/shape";

// Attention matrices, embeddings of classes, uneven heads, legacy names: whatever a file may hold.
const FOLDERS = ["doodle", "odd_heads", "legacy", "learned"].map((name) => `test/fixtures/unets/${name}`);

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "unstatic-"));
});
afterAll(() => rm(scratch, { recursive: true }));

async function write(location: string, dtype: WeightDType, name: string): Promise<string> {
  const { files } = await quantizeFolder(location, dtype);
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(scratch, name, path)), { recursive: true });
    await writeFile(join(scratch, name, path), bytes);
  }
  return join(scratch, name);
}

describe.each(FOLDERS)("%s", (folder) => {
  test.each(["f32", "f16", "int8"] as const)(
    "as %s opens, with numbers as near as the format allows",
    async (dtype) => {
      const written = await write(folder, dtype, `${dtype}-${folder.split("/").at(-1)}`);
      const { parameters } = await describeFolder(written);
      expect(parameters).toBe((await describeFolder(folder)).parameters);
      const [before, after] = [(await openFolder(folder)).checkpoint, (await openFolder(written)).checkpoint];
      expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
      for (const [name, { shape }] of before.tensors) {
        const [values, read] = [await before.read(name), await after.read(name)];
        const { dtype: stored, scale } = after.tensors.get(name)!;
        const row = sizeOf(shape) / (shape[0] ?? 1);
        for (let i = 0; i < values.length; i++) {
          const channel = values.subarray(Math.floor(i / row) * row, (Math.floor(i / row) + 1) * row);
          const step = {
            F32: 0,
            F16: Math.abs(values[i]!) * 2 ** -10 + 2 ** -24,
            I8: Math.max(...channel.map(Math.abs)) / 127,
          };
          const allowed = 0.5 * step[stored as keyof typeof step] * (1 + 1e-5);
          expect(Math.abs(read[i]! - values[i]!), `${name}[${i}]`).toBeLessThanOrEqual(allowed);
        }
        expect(stored === "I8", name).toBe(scale !== undefined);
        if (dtype === "int8") expect(stored, name).toBe(isMatrix(name, shape) ? "I8" : "F16");
      }
    },
  );
});

/** Convolutions and linear layers; a table of embeddings is looked up, not multiplied. */
function isMatrix(name: string, shape: readonly number[]): boolean {
  return shape.length >= 2 && name !== "class_embedding.weight" && name !== "time_proj.weight";
}

test("integers are written again as they were", async () => {
  const once = await write(FOLDERS[0]!, "int8", "once");
  const weights = "diffusion_pytorch_model.safetensors";
  const [first, second] = [await openFolder(once), (await quantizeFolder(once, "int8")).files.get(weights)!];
  for (const [name, { dtype }] of first.checkpoint.tensors) {
    if (dtype !== "I8") continue;
    const text = new TextDecoder("latin1").decode(second);
    const bytes = new TextDecoder("latin1").decode(await first.checkpoint.readBytes(name));
    expect(text.includes(bytes), name).toBe(true);
  }
});

test("a pipeline keeps its parts", async () => {
  const { files } = await quantizeFolder("weights/doodle", "int8");
  expect([...files.keys()].sort()).toEqual([
    "labels.json",
    "model_index.json",
    "scheduler/scheduler_config.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
  ]);
});

test("int8 halves what f16 takes, near enough", async () => {
  const { bytes, tensors } = await quantizeFolder("weights/doodle", "int8");
  expect(bytes.after / bytes.before).toBeLessThan(0.52);
  expect(Math.max(...tensors.map(({ relativeError }) => relativeError))).toBeLessThan(0.5 / 127 + 1e-6);
});

test("an unknown precision is refused", async () => {
  await expect(quantizeFolder("weights/doodle", "int4" as never)).rejects.toThrow(InputError);
});
