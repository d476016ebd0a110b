/** What a scheduler_config.json asks of the loop besides its table: dynamic thresholds; and guidance rescale. */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, type Model } from "../../src/index";
import { philoxNormal } from "../../src/random/philox";
import { makeTable, schedulerFromConfig } from "../../src/schedulers/registry";
import { threshold } from "../reference/sampler";
import "../support/matchers";

const SIZE = 12;
const PIXELS = SIZE * SIZE;
const CONFIG = { _class_name: "DDIMScheduler", clip_sample: false, beta_schedule: "squaredcos_cap_v2" };
const STRICT = { ...CONFIG, thresholding: true, dynamic_thresholding_ratio: 0.8, sample_max_value: 3 };

let folder: string;
let model: Model;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unstatic-"));
  await cp("test/fixtures/unets/doodle", folder, { recursive: true });
  await writeFile(join(folder, "scheduler_config.json"), JSON.stringify(STRICT));
  await writeFile(join(folder, "labels.json"), JSON.stringify({ labels: ["a", "b", "c", "d"], unconditional: 4 }));
  model = await load(folder);
});
afterAll(async () => {
  model?.destroy();
  await rm(folder, { recursive: true });
});

const std = (values: Float64Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
};

describe("the first of two steps, by hand in f64", () => {
  test.each([
    { guidance: 1, guidanceRescale: 0 },
    { guidance: 4, guidanceRescale: 0.7 },
  ])("thresholds, guidance $guidance, rescale $guidanceRescale", async ({ guidance, guidanceRescale }) => {
    const options = { classLabel: 1, steps: 2, seed: 3, guidance, guidanceRescale, keepSteps: true };
    const { steps } = await model.generate(options);

    const table = makeTable(schedulerFromConfig(STRICT), 2);
    const { timestep, x0: weights } = table.rows[0]!;
    const eps = Float32Array.from(philoxNormal(PIXELS, { seed: 3n, draw: 0 }));
    const outputOf = async (label: number) => {
      const input = { sample: eps, shape: [1, 1, SIZE, SIZE], timestep, classLabels: [label] } as const;
      return Float64Array.from((await model.forward(input)).output);
    };
    const conditional = await outputOf(1);
    const unconditional = await outputOf(4);
    const guided = conditional.map((value, i) => unconditional[i]! + guidance * (value - unconditional[i]!));
    const factor = guidanceRescale * (std(conditional) / std(guided)) + (1 - guidanceRescale);
    const x0 = guided.map((value, i) => weights.x * eps[i]! + weights.output * factor * value);
    const expected = threshold(x0, PIXELS, table.threshold!);
    expect(steps[0]!.x0[0]!.samples).toBeAllClose(expected, { rtol: 0, atol: 2e-4 });
    // The case would prove nothing if no number were beyond its threshold.
    expect(x0.some((value) => Math.abs(value) > 1)).toBe(true);
  });
});
