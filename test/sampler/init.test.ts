/** Ways into the loop: a picture, a mask, two seeds, another generator. On a UNet with random weights, 12 x 12 x 1. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type GenerateOptions,
  InputError,
  load,
  type Model,
  readTensors,
  type SavedTensor,
  type SourcePicture,
} from "../../src/index";
import { TorchCpuGenerator } from "../../src/random/mt19937";
import { philoxNormal } from "../../src/random/philox";
import { slerp } from "../../src/random/slerp";
import { makeTable, schedulerNamed } from "../../src/schedulers/registry";
import "../support/matchers";
import { uniform } from "../support/random";

const SIZE = 12;
const PIXELS = SIZE * SIZE;

let model: Model;
beforeAll(async () => {
  model = await load("test/fixtures/unets/odd_heads");
});
afterAll(() => model?.destroy());

const init: SourcePicture = {
  width: SIZE,
  height: SIZE,
  data: uniform(PIXELS, 3).map((value) => Math.floor(value * 256)),
};
/** White, to be painted, in the right half. */
const mask: SourcePicture = {
  width: SIZE,
  height: SIZE,
  data: Uint8Array.from({ length: PIXELS }, (_, i) => (i % SIZE < SIZE / 2 ? 0 : 255)),
};
const isKept = (_: number, i: number) => i % SIZE < SIZE / 2;
const numbers = Float32Array.from(init.data, (byte) => byte / 127.5 - 1);

async function generate(options: GenerateOptions): Promise<Float32Array> {
  return (await model.generate(options)).images[0]!.samples;
}

describe("image to image", () => {
  test.each([
    { steps: 10, strength: 0.6, taken: 6 },
    { steps: 10, strength: 0.29, taken: 2 },
    { steps: 3, strength: 1, taken: 3 },
    { steps: 5, strength: undefined, taken: 4 },
  ])("strength $strength of $steps steps takes $taken", async ({ steps, strength, taken }) => {
    const { report } = await model.generate({ init, steps, ...(strength !== undefined && { strength }) });
    expect(report).toMatchObject({ steps, evaluations: taken, readbacks: 1 });
  });

  test("a distilled sampler takes all its steps in what strength leaves of the schedule", async () => {
    const lcm = { sampler: "lcm", steps: 4, keepSteps: true } as const;
    const { steps } = await model.generate({ ...lcm, init, strength: 0.5 });
    expect(steps).toHaveLength(4);
    expect(steps[0]!.timestep).toBeLessThan(0.55 * (await model.generate(lcm)).steps[0]!.timestep);
  });

  test("a single step from little noise predicts from alpha init + sigma static", async () => {
    // The network sees the same, whoever makes it: a picture noised here, or a static that is that picture already.
    const row = makeTable(schedulerNamed("ddim"), 10, { begin: 9 }).rows[0]!;
    const eps = philoxNormal(PIXELS, { seed: 4n, draw: 0 });
    const noised = Float32Array.from(numbers, (value, i) => row.alpha * value + row.sigma * eps[i]!);
    const { output } = await model.forward({ sample: noised, shape: [1, 1, SIZE, SIZE], timestep: row.timestep });
    const x0 = noised.map((value, i) => row.x0.x * value + row.x0.output * output[i]!);
    const steps = await model.generate({ init, strength: 0.1, steps: 10, sampler: "ddim", seed: 4, keepSteps: true });
    const clipped = x0.map((value) => Math.min(Math.max(value, -row.clip), row.clip));
    expect(steps.steps[0]!.x0[0]!.samples).toBeAllClose(clipped, { rtol: 0, atol: 2e-5 });
  });

  test("strength 1 is the plain generation where nothing of the picture is left", async () => {
    // The default betas leave alpha = 0.0063 of the picture, of a grey one next to nothing.
    const grey = { width: SIZE, height: SIZE, data: new Uint8Array(PIXELS).fill(127) };
    const from = await generate({ init: grey, strength: 1, steps: 3, sampler: "ddim", spacing: "trailing", seed: 8 });
    const plain = await generate({ steps: 3, sampler: "ddim", spacing: "trailing", seed: 8 });
    expect(from).toBeAllClose(plain, { rtol: 0, atol: 1e-2 });
    // With a mask it is exactly that: diffusers, too, then starts from the static alone.
    const everywhere = { ...mask, data: new Uint8Array(PIXELS).fill(255) };
    expect(await generate({ init, mask: everywhere, steps: 3, seed: 8 })).toEqual(
      await generate({ steps: 3, seed: 8 }),
    );
  });

  test("a photo of any size, in colour, is cropped and scaled", async () => {
    const photo = { width: 40, height: 23, data: uniform(40 * 23 * 3, 9).map((value) => value * 255) };
    const { images } = await model.generate({ init: photo, steps: 4, strength: 0.5 });
    expect(images[0]!.samples.every(Number.isFinite)).toBe(true);
  });
});

describe("painting in a mask", () => {
  test.each<GenerateOptions>([
    { sampler: "ddpm" },
    { sampler: "dpmsolver++" },
    { sampler: "heun", strength: 0.7 },
    { sampler: "euler", rng: "torch-cpu", count: 2 },
  ])("%j keeps everything outside exactly, and paints inside", async (options) => {
    const { images, report } = await model.generate({ init, mask, steps: 4, seed: 3, ...options });
    const { strength: _, ...others } = options;
    const plain = await generate({ steps: 4, seed: 3, ...others });
    for (const { samples } of images) {
      expect(samples.filter(isKept)).toEqual(numbers.filter(isKept));
      expect(samples.filter((value, i) => !isKept(value, i))).not.toEqual(numbers.filter((v, i) => !isKept(v, i)));
    }
    expect(images[0]!.samples).not.toEqual(plain);
    expect(report.readbacks).toBe(1);
  });
});

describe("diffusers' pipelines, with torch's CPU generator, to rounding", () => {
  let saved: ReadonlyMap<string, SavedTensor>;
  beforeAll(async () => {
    saved = await readTensors("test/fixtures/init.safetensors");
  });
  // Steps and strengths as in make_init.py; its names carry both.
  test.each([
    { sampler: "ddim", steps: 10, strength: 0.6 },
    { sampler: "ddpm", steps: 10, strength: 0.35 },
    { sampler: "euler", steps: 7, strength: 0.5 },
    { sampler: "dpmsolver++", steps: 9, strength: 0.7 },
    { sampler: "heun", steps: 6, strength: 0.5 },
    { sampler: "unipc", steps: 8, strength: 0.8 },
    { sampler: "euler-ancestral", steps: 9, strength: 0.4 },
    { sampler: "deis", steps: 8, strength: 0.6 },
  ])("$sampler, $strength of $steps steps", async (options) => {
    const source = (name: string) => ({ width: SIZE, height: SIZE, data: saved.get(name)!.data });
    const request = { ...options, init: source("picture"), rng: "torch-cpu", seed: 5 } as const;
    const name = `${options.sampler} ${options.steps} ${options.strength}`;
    for (const [suffix, painted] of [
      ["", {}],
      [" mask", { mask: source("mask") }],
    ] as const) {
      const expected = saved.get(`${name}${suffix}`)!.data;
      const largest = Math.max(...expected.map(Math.abs));
      expect(await generate({ ...request, ...painted })).toBeAllClose(expected, { rtol: 0, atol: 5e-5 * largest });
    }
  });
});

describe("whose static", () => {
  /** One step of DDIM from pure static, done by hand. */
  async function byHand(eps: Float32Array): Promise<Float32Array> {
    const row = makeTable(schedulerNamed("ddim"), 1).rows[0]!;
    const { output } = await model.forward({ sample: eps, shape: [1, 1, SIZE, SIZE], timestep: row.timestep });
    const x0 = eps.map((value, i) => row.x0.x * value + row.x0.output * output[i]!);
    return x0.map((value) => Math.min(Math.max(value, -row.clip), row.clip));
  }
  const one = { steps: 1, sampler: "ddim", keepSteps: true } as const;
  const x0Of = async (options: GenerateOptions) => (await model.generate({ ...one, ...options })).steps[0]!.x0;

  test("torch-cpu: each picture of a batch has a generator of its own", async () => {
    const pictures = await x0Of({ rng: "torch-cpu", seed: 5, count: 2 });
    for (const [i, { samples }] of pictures.entries()) {
      const expected = await byHand(new TorchCpuGenerator(BigInt(5 + i)).randn(PIXELS));
      expect(samples).toBeAllClose(expected, { rtol: 0, atol: 1e-4 });
    }
  });

  test("torch-cpu: the steps' own noise comes from the same generators", async () => {
    const ddpm = { sampler: "ddpm", steps: 4, rng: "torch-cpu", seed: 2 } as const;
    const once = await generate(ddpm);
    expect(await generate(ddpm)).toEqual(once);
    expect(await generate({ ...ddpm, rng: "torch-cuda" })).not.toEqual(once);
    // Two pictures at once draw what each draws alone.
    const { images } = await model.generate({ ...ddpm, seed: 1, count: 2 });
    expect(images[1]!.samples).toBeAllClose(once, { rtol: 0, atol: 1e-5 });
  });

  test("the way between two seeds: its ends are theirs, its middle lies on the arc", async () => {
    const ends = await Promise.all([1, 2].map((seed) => generate({ seed, steps: 3, sampler: "ddpm" })));
    const { images } = await model.generate({ seed: 1, toSeed: 2, count: 3, steps: 3, sampler: "ddpm" });
    expect(images[0]!.samples).toBeAllClose(ends[0]!, { rtol: 0, atol: 1e-4 });
    expect(images[2]!.samples).toBeAllClose(ends[1]!, { rtol: 0, atol: 1e-4 });
    const [a, b] = [1n, 2n].map((seed) => Float32Array.from(philoxNormal(PIXELS, { seed, draw: 0 })));
    const middle = (await x0Of({ seed: 1, toSeed: 2, count: 3 }))[1]!.samples;
    expect(middle).toBeAllClose(await byHand(slerp(a!, b!, 0.5)), { rtol: 0, atol: 1e-4 });
  });

  test("the static's hash names seed and generator", async () => {
    const hashOf = async (options: GenerateOptions) => (await model.generate({ ...one, ...options })).report.staticHash;
    const all = [
      await hashOf({ seed: 1 }),
      await hashOf({ seed: 2 }),
      await hashOf({ seed: 1, rng: "torch-cpu" }),
      await hashOf({ seed: 1, toSeed: 2, count: 2 }),
    ];
    expect(new Set(all).size).toBe(4);
    expect(all[3]).toBe(`${all[0]} to ${all[1]}`);
    expect(await hashOf({ seed: 1 })).toBe(all[0]);
  });
});

describe("options that contradict each other are refused", () => {
  test.each<[string | RegExp, object]>([
    ["strength: must be above 0 and at most 1, got 0", { init, strength: 0 }],
    ["strength: must be above 0 and at most 1, got 1.2", { init, strength: 1.2 }],
    ["strength: must be above 0 and at most 1, got NaN", { init, strength: Number.NaN }],
    ["strength: must leave at least one of the 5 steps, got 0.1", { init, strength: 0.1, steps: 5 }],
    ["strength: needs init, the picture that is noised", { strength: 0.5 }],
    ["mask: needs init, the picture that it lies on", { mask }],
    ["mask: must be of init's size, 12 x 12, got 2 x 2", { init, mask: { width: 2, height: 2, data: [0, 0, 0, 0] } }],
    [/^init: must have 1 or 3 channels, or RGBA bytes, got 0 numbers/, { init: { width: 12, height: 12, data: [] } }],
    ["toSeed: needs a count of 2 or more, got 1", { toSeed: 2 }],
    ["toSeed: must be an integer, as a bigint beyond 2^53, got 0.5", { toSeed: 0.5, count: 2 }],
    ['rng: must be one of torch-cuda, torch-cpu, got "numpy"', { rng: "numpy" }],
    ['sigmas: must be one of karras, exponential, beta, lu, got "caras"', { sigmas: "caras" }],
    ['sigmas: ddim cannot space its sigmas by "karras"', { sampler: "ddim", sigmas: "karras" }],
    ["spacing: edm-euler spaces its steps in one way only", { sampler: "edm-euler", spacing: "trailing" }],
    [
      "spacing: unipc with beta sigmas spaces its steps in one way only",
      { sampler: "unipc", sigmas: "beta", spacing: "trailing" },
    ],
    ['spacing: must be one of leading, trailing, linspace, got "even"', { spacing: "even" }],
    ["guidanceRescale: needs a guidance other than 1, got 0.7", { guidanceRescale: 0.7 }],
  ])("%s", async (message, options) => {
    const attempt = model.generate(options as GenerateOptions);
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow(message);
  });

  test.each<GenerateOptions>([
    { sampler: "euler", sigmas: "karras" },
    { sampler: "dpmsolver++", sigmas: "lu" },
    { sampler: "unipc", sigmas: "beta" },
    { sampler: "euler", sigmas: "exponential", spacing: "trailing" },
    { sampler: "ddpm", spacing: "trailing" },
  ])("%j is another picture than without", async ({ sampler, ...spaced }) => {
    expect(await generate({ sampler: sampler!, steps: 4, ...spaced })).not.toEqual(
      await generate({ sampler: sampler!, steps: 4 }),
    );
  });
});
