/** Whole loops of the trained model, 50 steps, against diffusers' own pipelines with the same noise (make_loops.py). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, type Model, readTensors, type SavedTensor } from "../../src/index";
import "../support/matchers";

let model: Model;
let pictures: ReadonlyMap<string, SavedTensor>;
beforeAll(async () => {
  model = await load("weights/doodle");
  pictures = await readTensors("test/fixtures/loops.safetensors");
});
afterAll(() => model?.destroy());

describe("a rabbit in 50 steps, seed 7, is diffusers' rabbit", () => {
  test.each([
    { name: "ddpm guidance 1", options: { sampler: "ddpm", guidance: 1 } },
    { name: "ddpm guidance 3", options: { sampler: "ddpm", guidance: 3 } },
    { name: "ddim guidance 1", options: { sampler: "ddim", guidance: 1 } },
    { name: "ddim guidance 3", options: { sampler: "ddim", guidance: 3 } },
    { name: "ddim eta 1 guidance 3", options: { sampler: "ddim", guidance: 3, eta: 1 } },
  ])("$name", async ({ name, options }) => {
    const { images } = await model.generate({ prompt: "rabbit", steps: 50, seed: 7, ...options });
    // The pipelines give pictures from 0 to 1, clipped.
    const picture = images[0]!.samples.map((value) => Math.min(Math.max(value / 2 + 0.5, 0), 1));
    expect(picture).toBeAllClose(pictures.get(name)!.data, { rtol: 0, atol: 1e-3 });
  });
});
