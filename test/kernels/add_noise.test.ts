import { describe, expect, test } from "vitest";
import { addNoise } from "../../src/kernels/add_noise";
import { advanceStep } from "../../src/kernels/advance_step";
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

describe("add_noise", () => {
  test.each(["ddim", "euler"])("a picture at the level of a row, and the network's view of it: %s", async (sampler) => {
    const table = makeTable(schedulerNamed(sampler), 6);
    const original = normal(SIZE, 71);
    const { x, modelInput } = await runWithTable(
      packTable(table, { seed: 4n }),
      SHAPE,
      { slots: 0, guided: true, states: { original } },
      (state, recording) => {
        recording.add("advance", advanceStep(state.step));
        recording.add("noise", addNoise(recording.state("original", SHAPE), state));
      },
    );
    const { alpha, sigma, inputScale } = table.rows[1]!;
    const noise = staticOf(4n);
    const expected = Array.from(original, (value, i) => alpha * value + sigma * noise[i]!);
    expect(x).toBeAllClose(expected, { rtol: 1e-6, atol: 3e-6 * Math.max(1, sigma) });
    const seen = Array.from(x, (value) => inputScale * value);
    expect(modelInput).toBeAllClose([...seen, ...seen], { rtol: 1e-6, atol: 1e-7 });
  });
});
