/** Long loops and many of them: what a step may not cost. On a UNet with random weights, 12 x 12 x 1. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, type Model } from "../../src/index";

let model: Model;
/** Buffers made and not yet destroyed, and bytes in them. */
const live = { buffers: 0, bytes: 0 };

beforeAll(async () => {
  model = await load("test/fixtures/unets/odd_heads");
  // Counted where they are made: what a program forgets to destroy, no report of its own would show.
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  const counted = new WeakSet<GPUBuffer>();
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    counted.add(buffer);
    live.buffers++;
    live.bytes += descriptor.size;
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    if (counted.delete(this)) {
      live.buffers--;
      live.bytes -= this.size;
    }
    return destroy.call(this);
  };
});
afterAll(() => model?.destroy());

function heapAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe("one loop", () => {
  test.each([
    { sampler: "ddpm", steps: 1000 },
    { sampler: "dpmsolver++", steps: 20 },
    { sampler: "unipc", steps: 1 },
  ])(
    "$steps steps of $sampler: submits follow from the time slice alone, and one readback",
    async ({ sampler, steps }) => {
      const { report, images } = await model.generate({ sampler, steps, seed: 1, sliceMs: Infinity });
      // The first step is timed by itself, the rest is one submit, then the readback.
      expect(report).toMatchObject({ evaluations: steps, submits: Math.min(steps, 2) + 1, readbacks: 1 });
      expect(images[0]!.samples.every(Number.isFinite)).toBe(true);
    },
  );
});

test("a hundred generations leave no buffer and no heap behind", async () => {
  const samplers = ["ddpm", "ddim", "dpmsolver++", "heun"];
  const generate = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const options = { sampler: samplers[i % samplers.length]!, steps: 2 + (i % 3), seed: i, count: 1 + (i % 2) };
      await model.generate(options);
    }
  };
  await generate(24); // every shape of program was made, and those beyond the kept ones destroyed
  const before = { ...live };
  expect(before.buffers, "buffers are counted").toBeGreaterThan(10);
  const heap = heapAfterCollection();
  await generate(96);
  expect(live.buffers).toBe(before.buffers);
  expect(live.bytes).toBe(before.bytes);
  expect(heapAfterCollection() - heap).toBeLessThan(2 ** 20);
}, 300_000);
