/**
 * Whole loops on the GPU against diffusers, with the same network and the same noise: a share of the combinations that
 * test/schedulers/matrix.test.ts runs in f64. The network is a formula, so it is a kernel of this file.
 */
import { describe, expect, test } from "vitest";
import { reflect } from "../../src/build/wgsl_plugin";
import { advanceStep } from "../../src/kernels/advance_step";
import { initNoise } from "../../src/kernels/init_noise";
import { loadNoise } from "../../src/kernels/load_noise";
import type { SamplerState } from "../../src/kernels/sampler_state";
import { samplerStep } from "../../src/kernels/sampler_step";
import { threshold } from "../../src/kernels/threshold";
import type { Dispatch } from "../../src/recording/dispatch";
import type { Tensor } from "../../src/recording/recording";
import { packTable } from "../../src/schedulers/pack";
import type { Table } from "../../src/schedulers/table";
import { type BHWC, nchwToNhwc, nhwcToNchw } from "../../src/tensor/shape";
import { type Case, compare, draw, model, nameOf, readMatrix, SIZE, tableOf } from "../support/diffusers_matrix";
import { runWithTable } from "../support/sampler";

const SHAPE: BHWC = [2, 2, 2, 3];
const VECTORS = 8; // of a padded image batch
const PER_CLASS = 12;

const CODE = `
@group(0) @binding(0) var<storage, read> step: array<u32>;
@group(0) @binding(1) var<storage, read> seen: array<vec4f>;
@group(0) @binding(2) var<storage, read> pattern: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(${VECTORS})
fn main(@builtin(local_invocation_index) lane: u32) {
  y[lane] = 0.1 * seen[lane] + pattern[step[0] * ${VECTORS}u + lane];
}
`;
const FORMULA = { name: "formula", code: CODE, ...reflect(CODE) };

function formula(state: SamplerState, pattern: Tensor) {
  return {
    shader: FORMULA,
    reads: { step: state.step, seen: state.modelInput, pattern },
    writes: { y: { shape: SHAPE } },
    workgroups: [1, 1, 1],
    flops: 0,
  } satisfies Dispatch;
}

function inOrder(values: Float64Array): number[] {
  return [...nchwToNhwc(Float32Array.from(values), SHAPE)];
}

async function onGpu(table: Table): Promise<Float32Array> {
  const rows = table.rows.length;
  const draws = Math.max(...table.rows.map((row) => row.draw ?? 0)) + 1;
  const static0 = Float32Array.from(inOrder(draw(0)));
  const states = {
    "sampler/x": static0,
    noise: Float32Array.from(Array.from({ length: draws }, (_, number) => inOrder(draw(number))).flat()),
    pattern: Float32Array.from(table.rows.flatMap((_, row) => inOrder(model(new Float64Array(SIZE), row, false)))),
  };
  const options = { slots: table.slots, guided: false, replays: rows, states };
  const { x } = await runWithTable(packTable(table, { seed: 0n }), SHAPE, options, (state, recording) => {
    const noise = recording.state("noise", [draws, ...SHAPE]);
    const pattern = recording.state("pattern", [rows, ...SHAPE]);
    recording.section("prepare");
    recording.add("init", initNoise(state, { noiseFromHost: true }));
    recording.section("step");
    const { y } = recording.add("network", formula(state, pattern));
    if (table.threshold) recording.add("threshold", threshold(y, state));
    recording.add("noise", loadNoise(noise, state));
    recording.add("update", samplerStep(y, state, { noiseFromHost: true, threshold: table.threshold !== null }));
    recording.add("advance", advanceStep(state.step));
  });
  return nhwcToNchw(x, SHAPE);
}

describe("loops on the GPU agree with diffusers", () => {
  const { cases } = readMatrix();
  // A learned variance has a test of its own (sampler_step.test.ts); here the network has as many channels as the state.
  const plain = cases.filter((each) => !String(each.config.variance_type).startsWith("learned"));
  const classes = [...new Set(plain.map((each) => each.class))];

  test.each(classes)("%s", async (name) => {
    const own = plain.filter((each) => each.class === name);
    const chosen = Array.from({ length: Math.min(PER_CLASS, own.length) }, (_, i) => {
      return own[Math.floor((i * own.length) / PER_CLASS) % own.length] as Case;
    });
    const faults: string[] = [];
    for (const each of chosen) {
      const table = tableOf(each);
      const { difference, allowed } = compare(each, table, await onGpu(table));
      if (!(difference <= allowed)) faults.push(`${nameOf(each)}: differs by ${difference}, allowed ${allowed}`);
    }
    expect(faults).toEqual([]);
  });
});
