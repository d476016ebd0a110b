/** The forward process on pictures of any kind, against its definition and against diffusers. */
import { beforeAll, describe, expect, test } from "vitest";
import { InputError, noise, noiseSteps, readTensors, type SavedTensor, type SourcePicture } from "../../src/index";
import { normalOf, philoxNormal, wordsOf } from "../../src/random/philox";
import "../support/matchers";
import { uniform } from "../support/random";

function picture(width: number, height: number, channels: number, seed: number): SourcePicture {
  const data = uniform(width * height * channels, seed).map((value) => Math.floor(value * 256));
  return { width, height, data };
}

describe("noise", () => {
  test.each([
    { width: 13, height: 9, channels: 1, schedule: "cosine", steps: 24, step: 12, why: "grey" },
    {
      width: 10,
      height: 11,
      channels: 3,
      schedule: "sigmoid",
      steps: 1000,
      step: 500,
      why: "colour, every training step",
    },
    {
      width: 70,
      height: 33,
      channels: 3,
      schedule: "linear",
      steps: 1,
      step: 1,
      why: "one step is all the noise there is",
    },
  ])("$why: alpha x_0 + sigma eps, in f64", async ({ width, height, channels, schedule, steps, step }) => {
    const source = picture(width, height, channels, 5);
    const { image, alpha, sigma, staticHash } = await noise(source, step, { schedule, steps, seed: 11 });
    const pixels = width * height;
    const eps = philoxNormal(pixels * channels, { seed: 11n, draw: 0 });
    const expected = Float64Array.from({ length: pixels * channels }, (_, i) => {
      const [pixel, channel] = [Math.floor(i / channels), i % channels];
      return alpha * (source.data[i]! / 127.5 - 1) + sigma * eps[channel * pixels + pixel]!;
    });
    expect(image.samples).toBeAllClose(expected, { rtol: 1e-6, atol: 3e-6 });
    expect([image.width, image.height, image.data.length]).toEqual([width, height, pixels * 4]);
    expect(staticHash).toMatch(/^[0-9a-f]{8}$/);
  });

  test("step 0 is the picture itself; all steps share one static", async () => {
    const source = picture(6, 5, 3, 8);
    const [clean, early, late] = await noise(source, [0, 3, 10], { steps: 10 });
    expect(clean!.image.data.filter((_, i) => i % 4 !== 3)).toEqual(Uint8ClampedArray.from(source.data));
    const epsOf = ({ image, alpha, sigma }: typeof early & object) =>
      image.samples.map((value, i) => (value - alpha * (source.data[i]! / 127.5 - 1)) / sigma);
    expect(epsOf(early!)).toBeAllClose(epsOf(late!), { rtol: 0, atol: 1e-4 });
  });

  test("a picture larger than one binding is noised in bands, with one static", async () => {
    const [width, height] = [1024, 1031];
    const source = { width, height, data: new Uint8Array(width * height) };
    const { image, alpha, sigma } = await noise(source, 5, { steps: 10, seed: 3 });
    const count = width * height;
    // The band ends after 1024 lines.
    for (const pixel of [0, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, count - 1]) {
      const { words, component } = wordsOf(pixel, count, { seed: 3n, draw: 0 });
      const eps = normalOf(words[0], words[1], component);
      expect(Math.abs(image.samples[pixel]! - (sigma * eps - alpha))).toBeLessThan(3e-6);
    }
  });

  test("transparent pixels lie on white", async () => {
    const data = [255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 51];
    const { image } = await noise({ width: 3, height: 1, data }, 0);
    expect([...image.data]).toEqual([255, 0, 0, 255, 255, 255, 255, 255, 204, 204, 204, 255]);
  });

  test("what noise returns can be noised again", async () => {
    const first = await noise(picture(4, 4, 1, 2), 0);
    const again = await noise(first.image, 0);
    expect(again.image.samples).toEqual(first.image.samples);
  });

  test.each([
    [0, 9, { width: 0, height: 0, data: [] }, {}, "image: width and height must be whole numbers above 0, got 0 x 0"],
    [
      0,
      9,
      { width: 2, height: 2, data: [1, 2] },
      {},
      /^image: must have 1 or 3 channels, or RGBA bytes, got 2 numbers/,
    ],
    [25, 9, picture(2, 2, 1, 0), {}, "step: must be an integer from 0, the picture itself, to 24, got 25"],
    [0.5, 9, picture(2, 2, 1, 0), {}, "step: must be an integer from 0, the picture itself, to 24, got 0.5"],
    [1, 0.5, picture(2, 2, 1, 0), {}, "seed: must be an integer, as a bigint beyond 2^53, got 0.5"],
    [1, 9, picture(2, 2, 1, 0), { steps: 1001 }, /steps must be an integer from 1 to 1000, got 1001/],
    [1, 9, picture(2, 2, 1, 0), { schedule: "cosinus" }, /a schedule must be one of cosine, .*, got "cosinus"/],
  ] as const)("step %s of seed %s is refused", async (step, seed, source, options, message) => {
    const attempt = noise(source, step, { seed, ...options });
    await expect(attempt).rejects.toThrow(InputError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe("diffusers' add_noise, with torch's CPU generator", () => {
  let saved: ReadonlyMap<string, SavedTensor>;
  beforeAll(async () => {
    saved = await readTensors("test/fixtures/add_noise.safetensors");
  });
  test.each(["linear", "scaled_linear", "cosine", "sigmoid"])("%s", async (schedule) => {
    const { shape, data } = saved.get("picture")!;
    const [height, width] = shape as [number, number, number];
    const steps = [1, 2, 6, 10];
    const noised = await noise({ width, height, data }, steps, { schedule, steps: 10, seed: 7, rng: "torch-cpu" });
    for (const { timestep, image } of noised) {
      expect(image.samples).toBeAllClose(saved.get(`${schedule} ${timestep}`)!.data, { rtol: 1e-6, atol: 2e-6 });
    }
  });
});

describe("noiseSteps", () => {
  test("shares add up to the whole, SNR falls, decibels are ten times the logarithm", () => {
    for (const schedule of ["linear", "scaled_linear", "cosine", "sigmoid"]) {
      const steps = noiseSteps({ schedule, steps: 37 });
      expect(steps).toHaveLength(38);
      expect(steps.reduce((sum, { addedPercent }) => sum + addedPercent, 0)).toBeCloseTo(steps[37]!.percent, 9);
      for (const { step, alpha, sigma, snr, snrDb, percent } of steps.slice(1)) {
        expect(alpha ** 2 + sigma ** 2).toBeCloseTo(1, 12);
        expect(snr).toBeLessThan(steps[step - 1]!.snr);
        expect(snrDb).toBeCloseTo(10 * Math.log10(alpha ** 2 / sigma ** 2), 5);
        expect(percent).toBeCloseTo(100 * sigma ** 2, 9);
      }
    }
  });
});
