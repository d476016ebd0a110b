import { describe, expect, test } from "vitest";
import { layerNorm } from "../../src/kernels/layer_norm";
import { Recording } from "../../src/recording/recording";
import { sizeOf } from "../../src/tensor/shape";
import { layerNorm as reference } from "../reference/layer_norm";
import { run, runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

describe("layer_norm", () => {
  test.each([
    { shape: [2, 33, 320], mean: 0, eps: 1e-5, why: "tokens of a transformer" },
    { shape: [1, 3, 5, 7], mean: 0, eps: 1e-5, why: "padding, pixels" },
    { shape: [9, 1], mean: 0, eps: 1e-5, why: "a single channel: all that is left is beta" },
    { shape: [5, 3], mean: 0, eps: 0.5, why: "fewer channels than a vec4, eps that matters" },
    { shape: [4, 130], mean: 1000, eps: 1e-5, why: "mean much larger than std" },
  ])("$shape: $why", async ({ shape, mean, eps }) => {
    const D = shape[shape.length - 1]!;
    const x = normal(sizeOf(shape), 1, mean);
    const gamma = normal(D, 2, 1);
    const beta = normal(D, 3);
    const inputs = {
      x: { shape, data: x },
      gamma: { shape: [D], data: gamma },
      beta: { shape: [D], data: beta },
    };
    const y = await runOne(inputs, (t) => layerNorm(t.x, t.gamma, t.beta, eps));
    // The last bit of the mean is worth mean * 2^-24 / std.
    const tolerance = { rtol: 2e-5, atol: 4e-6 + Math.abs(mean) * 3e-7 };
    expect(y).toBeAllClose(reference(x, D, gamma, beta, eps), tolerance);
  });

  test("leaves the padding at zero", async () => {
    const inputs = { x: { shape: [1, 5], data: normal(5, 1, 7) }, one: { shape: [5], data: normal(5, 2, 1) } };
    const { y } = await run(inputs, (t, recording) => {
      const { y } = recording.add("kernel", layerNorm(t.x, t.one, t.one, 1e-5));
      return { y: { ...y, shape: [8] } };
    });
    expect([...y.slice(5)]).toEqual([0, 0, 0]);
  });

  test("refuses vectors of another width", () => {
    const recording = new Recording("test");
    const x = recording.state("x", [2, 6]);
    const gamma = recording.state("gamma", [6]);
    const beta = recording.state("beta", [8]);
    expect(() => layerNorm(x, gamma, beta, 1e-5)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: layerNorm: beta must be (6), got (8)]`,
    );
  });
});
