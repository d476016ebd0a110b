import { describe, expect, test } from "vitest";
import { guidanceRescale } from "../../src/kernels/guidance_rescale";
import { samplerStep } from "../../src/kernels/sampler_step";
import { packTable } from "../../src/schedulers/pack";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import { type BHWC, sizeOf } from "../../src/tensor/shape";
import { runTable } from "../reference/sampler";
import { runWithTable } from "../support/sampler";
import "../support/matchers";
import { normal } from "../support/random";

describe("guidance_rescale", () => {
  test.each<{ shape: BHWC; mean: number; why: string }>([
    { shape: [2, 8, 8, 3], mean: 0, why: "a batch with padded channels" },
    { shape: [1, 33, 31, 4], mean: 50, why: "a mean much larger than the spread" },
  ])("$why", async ({ shape, mean }) => {
    const [B] = shape;
    const size = sizeOf(shape);
    const both = normal(2 * size, 61, mean);
    const table = { ...makeTable(schedulerNamed("ddim", { clip_sample: false }), 4) };
    const start = normal(size, 62);
    const { x, scales } = await runWithTable(
      packTable(table, { seed: 0n, guidanceScale: 4, guidanceRescale: 0.7 }),
      shape,
      { slots: 0, guided: true, states: { output: both, "sampler/x": start } },
      (state, recording) => {
        const output = recording.state("output", [2 * B, ...shape.slice(1)] as unknown as BHWC);
        recording.add("rescale", guidanceRescale(output, state));
        recording.add("update", samplerStep(output, state, { rescale: true }));
      },
    );
    const guided = Array.from(start, (_, i) => both[size + i]! + 4 * (both[i]! - both[size + i]!));
    const image = size / B;
    const rescaled = guided.map((value, i) => value * factorAt(both, guided, Math.floor(i / image), image));
    expect(scales[1]).toBeCloseTo(factorAt(both, guided, 0, image), 4);
    const expected = runTable(
      { ...table, rows: table.rows.slice(0, 1) },
      {
        x: Float64Array.from(start),
        model: () => Float64Array.from(rescaled),
        noise: () => new Float64Array(size),
        imageSize: image,
      },
    );
    expect(x).toBeAllClose(expected, { rtol: 2e-4, atol: 2e-4 });
  });
});

/** 0.7 std(conditional) / std(guided) + 0.3, over one image. */
function factorAt(conditional: ArrayLike<number>, guided: ArrayLike<number>, image: number, size: number): number {
  const deviation = (values: ArrayLike<number>) => {
    const part = Array.from({ length: size }, (_, i) => values[image * size + i]!);
    const mean = part.reduce((a, b) => a + b, 0) / size;
    return Math.sqrt(part.reduce((total, value) => total + (value - mean) ** 2, 0));
  };
  return (0.7 * deviation(conditional)) / deviation(guided) + 0.3;
}
