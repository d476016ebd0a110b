import { describe, expect, test } from "vitest";
import { samplerStep } from "../../src/kernels/sampler_step";
import { threshold } from "../../src/kernels/threshold";
import { packTable } from "../../src/schedulers/pack";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import { type BHWC, nchwToNhwc, nhwcToNchw, sizeOf } from "../../src/tensor/shape";
import { quantile, runTable } from "../reference/sampler";
import { runWithTable } from "../support/sampler";
import "../support/matchers";
import { normal } from "../support/random";

/** A table whose network predicts the picture itself, so that x0 is the output. */
function pictureTable(ratio: number, max: number) {
  const config = {
    prediction_type: "sample",
    thresholding: true,
    dynamic_thresholding_ratio: ratio,
    sample_max_value: max,
  };
  return makeTable(schedulerNamed("ddim", config), 4);
}

describe("threshold", () => {
  test.each<{ shape: BHWC; ratio: number; std: number; why: string }>([
    { shape: [1, 8, 8, 3], ratio: 0.995, std: 4, why: "diffusers' default ratio" },
    { shape: [3, 5, 7, 5], ratio: 0.5, std: 4, why: "a batch, padded channels, the median of an odd count" },
    { shape: [2, 4, 4, 4], ratio: 0, std: 9, why: "the smallest number" },
    { shape: [2, 4, 4, 4], ratio: 1, std: 9, why: "the largest number has no neighbour above" },
    { shape: [1, 33, 31, 1], ratio: 0.9, std: 0.1, why: "below 1 it is plain clipping" },
    { shape: [1, 1, 1, 1], ratio: 0.3, std: 5, why: "one number" },
  ])("$why: $shape, ratio $ratio", async ({ shape, ratio, std }) => {
    const size = sizeOf(shape);
    const output = normal(size, 41, 0, std);
    const table = pictureTable(ratio, 1000);
    const { scales } = await runWithTable(
      packTable(table, { seed: 0n }),
      shape,
      { slots: 0, guided: false, states: { output } },
      (state, recording) => recording.add("threshold", threshold(recording.state("output", shape), state)),
    );
    const image = size / shape[0];
    for (let b = 0; b < shape[0]; b++) {
      const magnitudes = Float64Array.from(output.subarray(b * image, (b + 1) * image), Math.abs);
      const expected = Math.max(quantile(magnitudes, ratio), 1);
      expect(Math.abs(scales[2 * b]! - expected)).toBeLessThan(2e-5 * expected);
    }
  });

  test("equal numbers around the quantile, and the upper limit", async () => {
    const shape: BHWC = [1, 4, 4, 1];
    const output = Float32Array.from({ length: 16 }, (_, i) => (i < 4 ? 1.5 : i < 12 ? -2 : 7));
    const states = { output };
    const scaleOf = async (ratio: number, max: number) => {
      const words = packTable(pictureTable(ratio, max), { seed: 0n });
      const { scales } = await runWithTable(words, shape, { slots: 0, guided: false, states }, (state, recording) =>
        recording.add("threshold", threshold(recording.state("output", shape), state)),
      );
      return scales[0];
    };
    expect(await scaleOf(0.5, 100)).toBe(2);
    expect(await scaleOf(11 / 15, 100)).toBeCloseTo(2, 4);
    expect(await scaleOf(11.5 / 15, 100)).toBeCloseTo(4.5, 4);
    expect(await scaleOf(1, 3)).toBe(3);
  });

  test("a thresholded row agrees with the reference", async () => {
    const shape: BHWC = [2, 6, 5, 3];
    const size = sizeOf(shape);
    const table = pictureTable(0.8, 2.5);
    const output = normal(size, 51, 0, 3);
    const start = normal(size, 52);
    const { x } = await runWithTable(
      packTable(table, { seed: 0n }),
      shape,
      { slots: 0, guided: false, states: { output: nchwToNhwc(output, shape), "sampler/x": nchwToNhwc(start, shape) } },
      (state, recording) => {
        const prediction = recording.state("output", shape);
        recording.add("threshold", threshold(prediction, state));
        recording.add("update", samplerStep(prediction, state, { threshold: true }));
      },
    );
    const expected = runTable(
      { ...table, rows: table.rows.slice(0, 1) },
      {
        x: Float64Array.from(start),
        model: () => Float64Array.from(output),
        noise: () => new Float64Array(size),
        imageSize: size / 2,
      },
    );
    expect(nhwcToNchw(x, shape)).toBeAllClose(expected, { rtol: 2e-5, atol: 2e-5 });
  });
});
