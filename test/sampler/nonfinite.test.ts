/** A run that leaves the finite numbers ends with the name of the layer where that began, never with a grey picture. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, NumericError } from "../../src/index";
import { nonfiniteRow } from "../../src/kernels/sampler_state";
import { changedModel } from "../support/changed_model";

const FOLDER = "test/fixtures/unets/doodle";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "unstatic-"));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A copy of the model in which every number of `tensor` is `value`: finite itself, so that the file is sound. */
async function modelWith(tensor: string, value: number): Promise<string> {
  const folder = await changedModel(FOLDER, scratch, (name, values) => {
    if (name === tensor) values.fill(value);
  });
  // Guidance wants a class that stands for none.
  await writeFile(join(folder, "labels.json"), JSON.stringify({ labels: ["a", "b", "c", "d"], unconditional: 4 }));
  return folder;
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => "no error",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NumericError);
  return (error as Error).message;
}

describe("a layer that overflows f32", () => {
  test.each([
    ["conv_in.weight", "conv_in"],
    ["down_blocks.1.resnets.0.conv1.weight", "down_blocks.1.resnets.0.conv1"],
    ["mid_block.attentions.0.to_out.0.weight", "mid_block.attentions.0.to_out.0"],
    ["up_blocks.0.resnets.1.conv2.weight", "up_blocks.0.resnets.1.conv2"],
    ["conv_out.weight", "conv_out"],
    ["time_embedding.linear_2.weight", "time_embedding.linear_2"],
  ])("%s: the error names %s", async (tensor, layer) => {
    using model = await load(await modelWith(tensor, 3.4e38));
    expect(await failure(model.generate({ classLabel: 1, steps: 3, seed: 1 }))).toContain(
      `got NaN or infinity first in ${layer}, at evaluation 1 of 3`,
    );
  });

  test("kept steps, a step-by-step loop and guidance notice it, too", async () => {
    using model = await load(await modelWith("conv_out.weight", 3.4e38));
    expect(await failure(model.generate({ classLabel: 1, steps: 2, keepSteps: true }))).toContain("first in conv_out");
    expect(await failure(model.generate({ steps: 2, classLabel: 1, guidance: 3 }))).toContain("first in conv_out");
    const loop = async () => {
      for await (const _ of model.denoise({ classLabel: 1, steps: 2 }));
    };
    expect(await failure(loop())).toContain("first in conv_out");
  });

  test("a model that overflowed once can be asked again, and a sound one is not suspected", async () => {
    using model = await load(FOLDER);
    const { images, report } = await model.generate({ classLabel: 1, steps: 3, seed: 1 });
    expect(report.readbacks).toBe(1);
    expect(images[0]!.samples.every(Number.isFinite)).toBe(true);
    using spoilt = await load(await modelWith("conv_in.weight", 3.4e38));
    for (let i = 0; i < 2; i++)
      expect(await failure(spoilt.generate({ classLabel: 1, steps: 2 }))).toContain("first in conv_in");
  });
});

test("the flag is a row, counted from one, behind the numbers", () => {
  const x = { id: 0, label: "x", shape: [1, 2, 2, 3], dtype: "f32", kind: "state", tail: 4 } as const;
  const numbers = new Float32Array(20);
  expect(nonfiniteRow(x, numbers)).toBe(null);
  numbers[16] = 1;
  expect(nonfiniteRow(x, numbers)).toBe(0);
  numbers[16] = 1000;
  expect(nonfiniteRow(x, numbers)).toBe(999);
});
