import { describe, expect, test } from "vitest";
import { initNoise } from "../../src/kernels/init_noise";
import { philoxNormal } from "../../src/random/philox";
import { type PackOptions, packTable } from "../../src/schedulers/pack";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import { type BHWC, nhwcToNchw, sizeOf } from "../../src/tensor/shape";
import { runWithTable } from "../support/sampler";
import "../support/matchers";

describe("init_noise", () => {
  test.each<{ shape: BHWC; options: PackOptions; why: string }>([
    { shape: [1, 4, 4, 4], options: { seed: 0n }, why: "the published values of seed 0" },
    { shape: [2, 5, 3, 3], options: { seed: 123456789012345n }, why: "a batch, padded channels, a seed of 64 bits" },
    { shape: [2, 3, 5, 6], options: { seed: 7n, firstDraw: 3 }, why: "a later draw" },
    { shape: [2, 8, 8, 3], options: { seed: 1n, lanes: 100 }, why: "fewer lanes than elements: other components" },
    { shape: [2, 8, 8, 3], options: { seed: 1n, lanes: 16 }, why: "so few lanes that a draw takes six counters" },
    { shape: [1, 64, 64, 1], options: { seed: 2n }, why: "one channel" },
  ])("$why: $shape", async ({ shape, options }) => {
    const table = makeTable(schedulerNamed("ddpm"), 5);
    const { x } = await runWithTable(
      packTable(table, options),
      shape,
      { slots: 0, guided: false },
      (state, recording) => recording.add("init", initNoise(state)),
    );
    const { seed, lanes = 0, firstDraw = 0 } = options;
    const expected = philoxNormal(sizeOf(shape), { seed, lanes, draw: firstDraw });
    expect(nhwcToNchw(x, shape)).toBeAllClose(expected, { rtol: 0, atol: 2e-6 });
  });

  test("a stream per image is what each image would get alone, with the seeds counted up", async () => {
    const shape: BHWC = [3, 4, 5, 3];
    const words = packTable(makeTable(schedulerNamed("ddpm"), 5), { seed: 0xffffffffn, streamPerImage: true });
    const { x } = await runWithTable(words, shape, { slots: 0, guided: false }, (state, recording) =>
      recording.add("init", initNoise(state)),
    );
    const expected = [0n, 1n, 2n].flatMap((image) => [...philoxNormal(60, { seed: 0xffffffffn + image, draw: 0 })]);
    expect(nhwcToNchw(x, shape)).toBeAllClose(expected, { rtol: 0, atol: 2e-6 });
  });

  test("the first input is scaled, and both halves of a guided batch get it", async () => {
    const shape: BHWC = [2, 3, 3, 5];
    const scheduler = schedulerNamed("ddpm");
    const table = makeTable(scheduler, 5);
    const scaled = { ...table, initialScale: 14, rows: table.rows.map((row) => ({ ...row, inputScale: 0.25 })) };
    const { x, modelInput } = await runWithTable(
      packTable(scaled, { seed: 3n }),
      shape,
      { slots: 0, guided: true },
      (state, recording) => recording.add("init", initNoise(state)),
    );
    const noise = philoxNormal(sizeOf(shape), { seed: 3n, draw: 0 });
    expect(nhwcToNchw(x, shape)).toBeAllClose(
      noise.map((value) => 14 * value),
      { rtol: 0, atol: 3e-5 },
    );
    const seen = Array.from(x, (value) => 0.25 * value);
    expect(modelInput).toBeAllClose([...seen, ...seen], { rtol: 1e-6, atol: 0 });
  });
});
