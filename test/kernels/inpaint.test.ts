import { describe, expect, test } from "vitest";
import { advanceStep } from "../../src/kernels/advance_step";
import { inpaint } from "../../src/kernels/inpaint";
import { philoxNormal } from "../../src/random/philox";
import { packTable } from "../../src/schedulers/pack";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import { type BHWC, nchwToNhwc, sizeOf } from "../../src/tensor/shape";
import { runWithTable } from "../support/sampler";
import "../support/matchers";
import { normal } from "../support/random";

const SHAPE: BHWC = [2, 5, 4, 3];
const SIZE = sizeOf(SHAPE);

function staticOf(seed: bigint): Float32Array {
  return nchwToNhwc(Float32Array.from(philoxNormal(SIZE, { seed, draw: 0 })), SHAPE);
}

describe("inpaint", () => {
  test.each<{ row: number; why: string }>([
    { row: 1, why: "the known part is noised to the next row's level" },
    { row: 3, why: "after the last row it is the picture itself" },
  ])("$why", async ({ row }) => {
    const table = makeTable(schedulerNamed("euler"), 4);
    const original = normal(SIZE, 81);
    const start = normal(SIZE, 82);
    const mask = Float32Array.from({ length: SIZE / 3 }, (_, i) => [0, 1, 0.25][i % 3]!);
    const { x, modelInput } = await runWithTable(
      packTable(table, { seed: 6n }),
      SHAPE,
      { slots: 0, guided: false, states: { original, mask, "sampler/x": start } },
      (state, recording) => {
        for (let i = 0; i < row; i++) recording.add("advance", advanceStep(state.step));
        const maskTensor = recording.state("mask", [2, 5, 4, 1] as BHWC);
        recording.add("inpaint", inpaint(recording.state("original", SHAPE), maskTensor, state));
      },
    );
    const { alpha, sigma, inputScale } = table.rows[row + 1] ?? { alpha: 1, sigma: 0, inputScale: 1 };
    const noise = staticOf(6n);
    const expected = Array.from(start, (value, i) => {
      const share = mask[Math.floor(i / 3)]!;
      return share * value + (1 - share) * (alpha * original[i]! + sigma * noise[i]!);
    });
    expect(x).toBeAllClose(expected, { rtol: 1e-6, atol: 3e-6 * Math.max(1, sigma) });
    expect(modelInput).toBeAllClose(
      Array.from(x, (value) => inputScale * value),
      { rtol: 1e-6, atol: 1e-7 },
    );
  });

  test("the host's static is draw 0 of what it made, whatever the table's seed", async () => {
    const table = makeTable(schedulerNamed("ddim"), 4);
    const original = normal(SIZE, 83);
    const noise = normal(2 * SIZE, 84);
    const { x } = await runWithTable(
      packTable(table, { seed: 6n }),
      SHAPE,
      { slots: 0, guided: false, states: { original, noise, mask: new Float32Array(SIZE / 3) } },
      (state, recording) => {
        const mask = recording.state("mask", [2, 5, 4, 1] as BHWC);
        const draws = recording.state("noise", [2, ...SHAPE]);
        recording.add("inpaint", inpaint(recording.state("original", SHAPE), mask, state, draws));
      },
    );
    const { alpha, sigma } = table.rows[1]!;
    const expected = Array.from(original, (value, i) => alpha * value + sigma * noise[i]!);
    expect(x).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-6 });
  });
});
