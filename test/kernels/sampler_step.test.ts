import { describe, expect, test } from "vitest";
import { activation } from "../../src/kernels/activation";
import { advanceStep } from "../../src/kernels/advance_step";
import { initNoise } from "../../src/kernels/init_noise";
import { samplerStep } from "../../src/kernels/sampler_step";
import { philoxNormal } from "../../src/random/philox";
import { EPS, NOISE, slot, sum, X, X0 } from "../../src/schedulers/form";
import { packTable } from "../../src/schedulers/pack";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import type { Row, SamplerOptions, Table } from "../../src/schedulers/table";
import { type BHWC, nchwToNhwc, nhwcToNchw, sizeOf } from "../../src/tensor/shape";
import { activations } from "../reference/activation";
import { runTable } from "../reference/sampler";
import { runWithTable } from "../support/sampler";
import "../support/matchers";
import { normal } from "../support/random";

/** The whole loop on the GPU, with gelu standing in for the network, and the same rows in f64. */
async function wholeLoop(table: Table, shape: BHWC, seed: bigint) {
  const { x, denoised } = await runWithTable(
    packTable(table, { seed }),
    shape,
    { slots: table.slots, guided: false, replays: table.rows.length },
    (state, recording) => {
      recording.section("prepare");
      recording.add("init", initNoise(state));
      recording.section("step");
      const { y } = recording.add("network", activation(state.modelInput, "gelu"));
      recording.add("update", samplerStep(y, state));
      recording.add("advance", advanceStep(state.step));
    },
  );
  const size = sizeOf(shape);
  let predicted = new Float64Array();
  const expected = runTable(
    table,
    {
      x: philoxNormal(size, { seed, draw: 0 }).map((value) => table.initialScale * value),
      model: (input) => input.map(activations.gelu),
      noise: (draw) => philoxNormal(size, { seed, draw }),
      imageSize: size / shape[0],
    },
    (_row, _x, x0) => {
      predicted = new Float64Array(x0);
    },
  );
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { x: nhwcToNchw(x, shape), denoised: nhwcToNchw(denoised, shape), expected, predicted, atol: 1e-5 * largest };
}

describe("sampler_step", () => {
  test.each<{ sampler: string; steps: number; config?: object; options?: SamplerOptions; shape: BHWC }>([
    { sampler: "ddpm", steps: 20, shape: [2, 5, 3, 3] },
    {
      sampler: "ddpm",
      steps: 7,
      config: { variance_type: "fixed_large", prediction_type: "v_prediction" },
      shape: [1, 4, 4, 6],
    },
    { sampler: "ddim", steps: 13, shape: [2, 3, 5, 1] },
    { sampler: "ddim", steps: 10, options: { eta: 0.7, useClippedModelOutput: true }, shape: [1, 8, 8, 4] },
  ])("whole loops in f32 agree with the same rows in f64: $sampler, $steps steps, $config", async (given) => {
    const table = makeTable(schedulerNamed(given.sampler, { ...given.config }), given.steps, given.options);
    const { x, denoised, expected, predicted, atol } = await wholeLoop(table, given.shape, 11n);
    expect(x).toBeAllClose(expected, { rtol: 0, atol });
    expect(denoised).toBeAllClose(predicted, { rtol: 0, atol: 2 * atol });
  });

  test("a row reads and writes slots at once: both writes see the slots as they were", async () => {
    const shape: BHWC = [1, 3, 3, 2];
    const blank = makeTable(schedulerNamed("ddim"), 1).rows[0] as Row;
    const swap: Row = {
      ...blank,
      next: sum([1, slot(0)], [10, slot(1)], [0.5, X], [0.25, EPS], [0.125, X0], [2, NOISE]),
      draw: 1,
      writes: [
        { slot: 0, form: sum([1, slot(1)], [1, X]) },
        { slot: 1, form: sum([1, slot(0)], [1, X0]) },
      ],
    };
    const table = { ...makeTable(schedulerNamed("ddim"), 1), rows: [swap, swap, swap], slots: 2 };
    const { x, expected, atol } = await wholeLoop(table, shape, 5n);
    expect(x).toBeAllClose(expected, { rtol: 0, atol });
  });

  test("guidance extrapolates from the unconditional half, and both halves get the next input", async () => {
    const shape: BHWC = [2, 3, 4, 3];
    const size = sizeOf(shape);
    const table = makeTable(schedulerNamed("ddim", { clip_sample: false }), 4);
    const rows = table.rows.map((row) => ({ ...row, inputScale: 0.5 }));
    const both = normal(2 * size, 21);
    const x0 = normal(size, 22);
    const { x, modelInput } = await runWithTable(
      packTable({ ...table, rows }, { seed: 1n, guidanceScale: 2.5 }),
      shape,
      { slots: 0, guided: true, states: { output: both, "sampler/x": x0 } },
      (state, recording) => {
        const output = recording.state("output", [4, 3, 4, 3] as BHWC);
        recording.add("update", samplerStep(output, state));
      },
    );
    const guided = Array.from(x0, (_, i) => both[size + i]! + 2.5 * (both[i]! - both[size + i]!));
    const expected = runTable(
      { ...table, rows: rows.slice(0, 1) },
      {
        x: Float64Array.from(x0),
        model: () => Float64Array.from(guided),
        noise: () => new Float64Array(size),
        imageSize: size / 2,
      },
    );
    expect(x).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
    const seen = Array.from(x, (value) => 0.5 * value);
    expect(modelInput).toBeAllClose([...seen, ...seen], { rtol: 1e-6, atol: 0 });
  });

  test.each(["learned", "learned_range"] as const)(
    "the variance comes from the second half of the channels: %s",
    async (variance_type) => {
      const shape: BHWC = [2, 3, 3, 3];
      const size = sizeOf(shape);
      const table = makeTable(schedulerNamed("ddpm", { variance_type }), 10);
      const mean = normal(size, 31);
      const variance = Float32Array.from(normal(size, 32), (value) => Math.abs(Math.tanh(value)));
      const x0 = normal(size, 33);
      const channels: BHWC = [2, 3, 3, 6];
      const nchw = new Float32Array(2 * size);
      for (let b = 0; b < 2; b++) {
        nchw.set(mean.subarray(b * 27, (b + 1) * 27), b * 54);
        nchw.set(variance.subarray(b * 27, (b + 1) * 27), b * 54 + 27);
      }
      const { x } = await runWithTable(
        packTable(table, { seed: 8n }),
        shape,
        { slots: 0, guided: false, states: { output: nchwToNhwc(nchw, channels), "sampler/x": nchwToNhwc(x0, shape) } },
        (state, recording) => recording.add("update", samplerStep(recording.state("output", channels), state)),
      );
      const expected = runTable(
        { ...table, rows: table.rows.slice(0, 1) },
        {
          x: Float64Array.from(x0),
          model: () => Float64Array.from([...mean, ...variance]),
          noise: (draw) => philoxNormal(size, { seed: 8n, draw }),
          imageSize: size / 2,
        },
      );
      expect(nhwcToNchw(x, shape)).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
    },
  );
});
