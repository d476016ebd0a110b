/** Every sampler's whole loop on the GPU, in f32, against the same rows in f64; gelu stands in for the network. */
import { describe, expect, test } from "vitest";
import { activation } from "../../src/kernels/activation";
import { advanceStep } from "../../src/kernels/advance_step";
import { initNoise } from "../../src/kernels/init_noise";
import { samplerStep } from "../../src/kernels/sampler_step";
import { threshold } from "../../src/kernels/threshold";
import { philoxNormal } from "../../src/random/philox";
import { packTable } from "../../src/schedulers/pack";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import { SAMPLERS } from "../../src/schedulers/samplers";
import type { SamplerOptions, Table } from "../../src/schedulers/table";
import { type BHWC, nhwcToNchw, sizeOf } from "../../src/tensor/shape";
import { activations } from "../reference/activation";
import { runTable } from "../reference/sampler";
import { runWithTable } from "../support/sampler";

const SHAPE: BHWC = [1, 4, 3, 3];
const SIZE = sizeOf(SHAPE);

interface Loop {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly options?: SamplerOptions;
}

/** For each sampler its plain loop, an odd number of steps, and the option that brings in more of a row. */
const LOOPS: Readonly<Record<string, readonly Loop[]>> = {
  ddpm: [{ steps: 1 }, { steps: 100, config: { thresholding: true, sample_max_value: 2 } }],
  ddim: [{ steps: 33, options: { eta: 1 } }],
  "ddim-inverse": [{ steps: 15 }],
  pndm: [{ steps: 9 }, { steps: 15, config: { skip_prk_steps: true, prediction_type: "v_prediction" } }],
  lms: [{ steps: 11, config: { use_karras_sigmas: true } }],
  euler: [{ steps: 20, options: { sChurn: 5 } }],
  "euler-ancestral": [{ steps: 17, config: { timestep_spacing: "leading" } }],
  heun: [{ steps: 9 }, { steps: 8, config: { clip_sample: true } }],
  kdpm2: [{ steps: 7, config: { use_exponential_sigmas: true } }],
  "kdpm2-ancestral": [{ steps: 8 }],
  "dpmsolver++": [{ steps: 20 }, { steps: 21, config: { solver_order: 3, thresholding: true, sample_max_value: 2 } }],
  "dpmsolver-singlestep": [{ steps: 13, config: { solver_order: 3, solver_type: "heun" } }],
  "sde-dpmsolver++": [{ steps: 12, config: { solver_order: 3 } }],
  unipc: [
    { steps: 10, config: { solver_order: 3 } },
    { steps: 9, config: { use_karras_sigmas: true } },
  ],
  deis: [{ steps: 16, config: { solver_order: 3 } }],
  lcm: [{ steps: 4 }],
  tcd: [{ steps: 5 }],
  ipndm: [{ steps: 10 }],
  "edm-euler": [{ steps: 18, options: { sChurn: 10 } }],
  "edm-dpmsolver": [{ steps: 14 }],
  "flow-euler": [{ steps: 12, config: { shift: 3 } }],
  "flow-heun": [{ steps: 7 }],
  consistency: [{ steps: 6 }],
};

const SEED = 29n;

async function onGpu(table: Table) {
  const { x } = await runWithTable(
    packTable(table, { seed: SEED }),
    SHAPE,
    { slots: table.slots, guided: false, replays: table.rows.length },
    (state, recording) => {
      recording.section("prepare");
      recording.add("init", initNoise(state));
      recording.section("step");
      const { y } = recording.add("network", activation(state.modelInput, "gelu"));
      if (table.threshold) recording.add("threshold", threshold(y, state));
      recording.add("update", samplerStep(y, state, { threshold: table.threshold !== null }));
      recording.add("advance", advanceStep(state.step));
    },
  );
  return nhwcToNchw(x, SHAPE);
}

function inF64(table: Table, perturbation: number): Float64Array {
  const disturb = (value: number, i: number, row: number) =>
    value * (1 + perturbation * Math.sign(Math.sin(12.9898 * (i + 1) + 78.233 * row * row)));
  return runTable(table, {
    x: philoxNormal(SIZE, { seed: SEED, draw: 0 }).map((value, i) => disturb(table.initialScale * value, i, 0)),
    model: (input, _timestep, row) => input.map((value, i) => disturb(activations.gelu(value), i, row + 1)),
    noise: (draw) => philoxNormal(SIZE, { seed: SEED, draw }),
    imageSize: SIZE,
    disturb,
  });
}

describe("whole loops on the GPU", () => {
  test("every sampler has one", () => {
    expect(Object.keys(LOOPS)).toEqual(Object.keys(SAMPLERS));
  });

  const all = Object.entries(LOOPS).flatMap(([name, loops]) => loops.map((loop) => ({ name, ...loop })));
  test.each(all)("$name, $steps steps, $config, $options", async ({ name, steps, config = {}, options = {} }) => {
    const table = makeTable(schedulerNamed(name, config), steps, options);
    const x = await onGpu(table);
    const expected = inF64(table, 0);
    const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));
    const effect = largest(inF64(table, 1e-6).map((value, i) => value - expected[i]!));
    const difference = largest(expected.map((value, i) => value - x[i]!));
    // As against diffusers: 1e-5 max |x| plus ten times the effect of a perturbation of 1e-6.
    expect(difference).toBeLessThan(1e-5 * largest(expected) + 10 * effect);
  });
});
