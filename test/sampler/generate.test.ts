/** The loop as the user meets it: one stream of commands, one readback, clear refusals. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError, load, type Model, type Step } from "../../src/index";
import "../support/matchers";

/** Small UNets with random weights: a step takes milliseconds. */
const PLAIN = "test/fixtures/unets/odd_heads"; // 12 x 12 x 1, no classes
const CLASSES = "test/fixtures/unets/doodle"; // five classes without names

let plain: Model;
let classes: Model;
let doodle: Model;
beforeAll(async () => {
  // At once: loading one model must not disturb another's device.
  [plain, classes, doodle] = await Promise.all([load(PLAIN), load(CLASSES), load("weights/doodle")]);
});
afterAll(() => {
  for (const model of [plain, classes, doodle]) model?.destroy();
});

describe("generate", () => {
  test("one readback; the first step and all later ones are two submits when nothing forces more", async () => {
    const { report } = await plain.generate({ steps: 10, seed: 1, sliceMs: Infinity });
    const { dispatchesPerStep } = plain.describe(await plain.adapter());
    expect(report).toMatchObject({ steps: 10, evaluations: 10, submits: 3, readbacks: 1, dispatchesPerStep });
    const opening = plain.describe(await plain.adapter()).layers.filter(({ section }) => section !== "step").length;
    expect(report.dispatches).toBe(10 * dispatchesPerStep + opening);
  });

  test("a time slice bounds each submit, and changes nothing else", async () => {
    const whole = await plain.generate({ steps: 6, seed: 1, sliceMs: Infinity });
    const sliced = await plain.generate({ steps: 6, seed: 1, sliceMs: 1e-6 });
    expect(sliced.report.submits).toBeGreaterThanOrEqual(7); // one a step or more, one for the readback
    expect(sliced.report.dispatches).toBe(whole.report.dispatches);
    expect(sliced.images[0]!.samples).toEqual(whole.images[0]!.samples);
  });

  test("picture i of a batch is the picture of seed + i alone", async () => {
    const batch = await plain.generate({ steps: 4, seed: 5, count: 3 });
    expect(batch.images).toHaveLength(3);
    for (let i = 0; i < 3; i++) {
      const { images } = await plain.generate({ steps: 4, seed: 5 + i });
      expect(batch.images[i]!.samples).toBeAllClose(images[0]!.samples, { rtol: 0, atol: 1e-5 });
    }
  });

  test("another seed is another picture, a 64-bit one too", async () => {
    const seeds = [0, 1, 2n ** 32n, 2n ** 63n];
    const pictures = await Promise.all(seeds.map((seed) => plain.generate({ steps: 2, seed })));
    const texts = new Set(pictures.map(({ images }) => images[0]!.samples.join()));
    expect(texts.size).toBe(seeds.length);
  });

  test("the number of steps is chosen at run time; pipelines are not compiled again", async () => {
    for (const steps of [1, 2, 7, 3]) {
      const { report, images } = await plain.generate({ steps });
      expect(report.evaluations).toBe(steps);
      expect(images[0]!.samples.every(Number.isFinite)).toBe(true);
    }
  });

  test("classes by number, one per picture", async () => {
    const { images } = await classes.generate({ classLabel: [0, 4], seed: 3, steps: 3 });
    const alone = await classes.generate({ classLabel: 4, seed: 4, steps: 3 });
    expect(images[1]!.samples).toBeAllClose(alone.images[0]!.samples, { rtol: 0, atol: 1e-5 });
  });

  test("guidance 1 is the conditional prediction alone, 3 is another picture", async () => {
    const of = async (guidance: number) =>
      (await doodle.generate({ prompt: "rabbit", steps: 2, guidance })).images[0]!.samples;
    expect(await of(1)).not.toEqual(await of(3));
  });

  test("20 steps of DPM-Solver++ on the trained model are as many submits and readbacks as 10 of any other", async () => {
    const { report } = await doodle.generate({
      prompt: "rabbit",
      steps: 20,
      sampler: "dpmsolver++",
      sliceMs: Infinity,
    });
    const { dispatchesPerStep } = doodle.describe(await doodle.adapter());
    expect(report).toMatchObject({ evaluations: 20, submits: 3, readbacks: 1, dispatchesPerStep });
  });

  test("1000 steps of DDPM on the trained model: a submit a step or more, and one readback", {
    timeout: 600_000,
  }, async () => {
    // SwiftShader takes five minutes for the whole schedule: a tenth of it shows the same there.
    const steps = /swiftshader/i.test((await doodle.adapter()).description) ? 100 : 1000;
    const { report, images } = await doodle.generate({
      prompt: "rabbit",
      steps,
      sampler: "ddpm",
      guidance: 1,
      sliceMs: 1e-6,
    });
    const opening = doodle.describe(await doodle.adapter()).layers.filter(({ section }) => section !== "step").length;
    const dispatches = steps * doodle.describe(await doodle.adapter()).dispatchesPerStep + opening;
    expect(report).toMatchObject({ evaluations: steps, readbacks: 1, dispatches });
    expect(report.submits).toBeGreaterThan(steps);
    expect(images[0]!.samples.every((value) => Math.abs(value) < 1.5)).toBe(true);
  });

  test("keepSteps: the last state is the picture, and still one readback", async () => {
    const { steps, images, report } = await plain.generate({ steps: 5, keepSteps: true });
    const only = await plain.generate({ steps: 5 });
    expect(steps).toHaveLength(5);
    expect(report.readbacks).toBe(1);
    expect(images[0]!.samples).toEqual(only.images[0]!.samples);
    expect(steps.at(-1)!.x0[0]!.samples).toHaveLength(144);
    expect(steps.map(({ timestep }) => timestep)).toEqual(
      [...steps.map(({ timestep }) => timestep)].sort((a, b) => b - a),
    );
  });

  test("denoise yields every step and ends with the same picture", async () => {
    const steps: Step[] = [];
    const loop = plain.denoise({ steps: 4, seed: 9 });
    let next = await loop.next();
    let last: Float32Array | undefined;
    while (!next.done) {
      steps.push(next.value);
      last = (await next.value.x())[0]!.samples;
      next = await loop.next();
    }
    const { images } = await plain.generate({ steps: 4, seed: 9 });
    expect(steps.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(last).toEqual(images[0]!.samples);
    expect(next.value.images[0]!.samples).toEqual(images[0]!.samples);
  });

  test("a denoise that nobody finishes frees the model for the next run", async () => {
    for await (const step of plain.denoise({ steps: 100 })) if (step.index === 1) break;
    await expect(plain.generate({ steps: 1 })).resolves.toMatchObject({ report: { evaluations: 1, readbacks: 1 } });
  });

  test("an aborted run rejects with the signal's reason, and the next one works", async () => {
    const controller = new AbortController();
    const run = plain.generate({
      steps: 1000,
      sliceMs: 1e-6,
      signal: controller.signal,
      onProgress: (done) => done === 3 && controller.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
    await expect(plain.generate({ steps: 1 })).resolves.toMatchObject({ report: { evaluations: 1, readbacks: 1 } });
  });

  test("a lost device rejects the run; the next one gets a new device", async () => {
    const before = await plain.generate({ steps: 3, seed: 2 });
    const engine = await load(PLAIN);
    const run = engine.generate({ steps: 500, sliceMs: 1e-6 });
    engine.destroy();
    await expect(run).rejects.toThrow(/destroyed|lost/);
    await expect(engine.generate({ steps: 1 })).rejects.toThrow("the model was destroyed; load it again");
    expect((await plain.generate({ steps: 3, seed: 2 })).images).toEqual(before.images);
  });
});

describe("options that cannot be meant are refused by name", () => {
  test.each([
    [{ steps: 0 }, "steps: must be an integer from 1 to 1000, got 0"],
    [{ steps: 2.5 }, "steps: must be an integer from 1 to 1000, got 2.5"],
    [{ steps: Number.NaN }, "steps: must be an integer from 1 to 1000, got NaN"],
    [{ seed: 0.5 }, "seed: must be an integer, as a bigint beyond 2^53, got 0.5"],
    [{ count: 0 }, "count: must be an integer from 1 to 4096, got 0"],
    [{ eta: -1 }, "eta: must be a number from 0 to 1, got -1"],
    [{ guidance: 3 }, 'guidance: must be 1 for a model that has no "unconditional" class in labels.json, got 3'],
    [{ prompt: "rabbit" }, "prompt: this model draws without one"],
    [{ sampler: "eulr" }, /a sampler must be one of .*ddim.*, got "eulr"/],
  ])("%j", async (options, message) => {
    const run = plain.generate(options);
    await expect(run).rejects.toThrow(message);
    await expect(run).rejects.toBeInstanceOf(InputError);
  });

  test("classes beyond the model's", async () => {
    await expect(classes.generate({ classLabel: 5 })).rejects.toThrow(
      "classLabel: must be an integer from 0 to 4, got 5",
    );
    await expect(classes.generate({})).rejects.toThrow("prompt: must be given as a classLabel");
    await expect(classes.generate({ prompt: "cat" })).rejects.toThrow("has no labels.json; give a classLabel instead");
    await expect(doodle.generate({})).rejects.toThrow(/prompt: must be given. The model knows: airplane, .*rabbit/);
    await expect(doodle.generate({ prompt: "unicorn" })).rejects.toThrow(
      /unicorn.*The model knows: airplane, .*rabbit/,
    );
  });
});
