/** The CPU path beside the GPU: the same static, the same tables, the same picture, and as willing to stop. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CPU_NAME, cpu } from "../../src/cpu";
import { load, type Model, noise, openDevice, SAMPLERS } from "../../src/index";
import "../support/matchers";

const PLAIN = "test/fixtures/unets/odd_heads"; // 12 x 12 x 1, no classes
const DOODLE = "weights/doodle";

let onGpu: Model;
let onCpu: Model;
beforeAll(async () => {
  [onGpu, onCpu] = await Promise.all([load(PLAIN), load(PLAIN, { gpu: cpu() })]);
});
afterAll(() => {
  for (const model of [onGpu, onCpu]) model?.destroy();
});

test("a guided rabbit of six steps, and the report says what drew it", async () => {
  using gpu = await load(DOODLE);
  using slow = await load(DOODLE, { gpu: cpu() });
  const request = { prompt: "rabbit", steps: 6, seed: 7, guidance: 3 };
  const [expected, actual] = [await gpu.generate(request), await slow.generate(request)];
  expect(actual.report.adapter).toBe(CPU_NAME);
  expect(actual.report.staticHash).toBe(expected.report.staticHash);
  expect(actual.images[0]!.samples).toBeAllClose(expected.images[0]!.samples, { rtol: 0, atol: 1e-3 });
});

test.each(Object.keys(SAMPLERS))("%s", async (sampler) => {
  const request = { steps: 4, seed: 3, sampler, count: 2 };
  const expected = await onGpu.generate(request);
  const actual = await onCpu.generate(request);
  actual.images.forEach(({ samples }, i) => {
    // A network of random weights does not keep its picture in range.
    const largest = expected.images[i]!.samples.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
    expect(samples).toBeAllClose(expected.images[i]!.samples, { rtol: 0, atol: 5e-4 * largest });
  });
});

test("weights in int8 are unpacked as the GPU does", async () => {
  using gpu = await load(PLAIN, { weights: "int8" });
  using slow = await load(PLAIN, { weights: "int8", gpu: cpu() });
  const [expected, actual] = [await gpu.generate({ steps: 2 }), await slow.generate({ steps: 2 })];
  expect(actual.images[0]!.samples).toBeAllClose(expected.images[0]!.samples, { rtol: 1e-3, atol: 1e-3 });
});

test("a photo is noised to the same numbers", async () => {
  const data = Uint8ClampedArray.from({ length: 9 * 7 * 4 }, (_, i) => (i * 37) % 256);
  const picture = { width: 9, height: 7, data };
  const [expected, actual] = [await noise(picture, 12), await noise(picture, 12, { gpu: cpu() })];
  expect(actual.adapter).toBe(CPU_NAME);
  expect(actual.image.samples).toBeAllClose(expected.image.samples, { rtol: 0, atol: 1e-5 });
});

test("the thread gets turns while a step runs, and an abort is heard between two steps", async () => {
  using model = await load(DOODLE, { gpu: cpu() });
  const controller = new AbortController();
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const run = model.generate({
    prompt: "cat",
    steps: 1000,
    signal: controller.signal,
    // A submit may be shorter than a step: two whole steps are long enough for many turns.
    onProgress: (done) => done >= 2 && controller.abort(new Error("enough")),
  });
  await expect(run).rejects.toThrow("enough");
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
});

test("a device destroyed in the middle of a run rejects it", async () => {
  const device = await openDevice({ gpu: cpu() });
  const model = await load(DOODLE, { device: async () => device });
  const run = model.generate({ prompt: "cat", steps: 1000 });
  setTimeout(() => device.destroy(), 300);
  await expect(run).rejects.toThrow(/destroyed/);
});
