import { describe, expect, test } from "vitest";
import { activation } from "../../src/kernels/activation";
import { advanceStep } from "../../src/kernels/advance_step";
import { initNoise } from "../../src/kernels/init_noise";
import { loadNoise } from "../../src/kernels/load_noise";
import { samplerStep } from "../../src/kernels/sampler_step";
import { TorchCpuGenerator } from "../../src/random/mt19937";
import { packTable } from "../../src/schedulers/pack";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import { type BHWC, nchwToNhwc, nhwcToNchw, sizeOf } from "../../src/tensor/shape";
import { activations } from "../reference/activation";
import { runTable } from "../reference/sampler";
import { runWithTable } from "../support/sampler";
import "../support/matchers";

describe("load_noise", () => {
  test("a DDPM loop on torch's CPU noise, uploaded once", async () => {
    const shape: BHWC = [1, 4, 5, 3];
    const size = sizeOf(shape);
    const table = makeTable(schedulerNamed("ddpm"), 8);
    const draws = (generator: TorchCpuGenerator) => Array.from({ length: 9 }, () => generator.randn(size));
    const uploaded = draws(new TorchCpuGenerator(17n)).flatMap((draw) => [...nchwToNhwc(draw, shape)]);
    const { x } = await runWithTable(
      packTable(table, { seed: 0n }),
      shape,
      {
        slots: 0,
        guided: false,
        replays: 8,
        states: { noise: Float32Array.from(uploaded), "sampler/x": Float32Array.from(uploaded.slice(0, size)) },
      },
      (state, recording) => {
        const noise = recording.state("noise", [9, ...shape]);
        recording.section("prepare");
        recording.add("init", initNoise(state, { noiseFromHost: true }));
        recording.section("step");
        const { y } = recording.add("network", activation(state.modelInput, "gelu"));
        recording.add("noise", loadNoise(noise, state));
        recording.add("update", samplerStep(y, state, { noiseFromHost: true }));
        recording.add("advance", advanceStep(state.step));
      },
    );
    const given = draws(new TorchCpuGenerator(17n));
    const expected = runTable(table, {
      x: Float64Array.from(given[0]!),
      model: (input) => input.map(activations.gelu),
      noise: (draw) => Float64Array.from(given[draw]!),
      imageSize: size,
    });
    expect(nhwcToNchw(x, shape)).toBeAllClose(expected, { rtol: 0, atol: 1e-5 });
  });
});
