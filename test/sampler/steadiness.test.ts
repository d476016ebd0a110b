/** Long loops and many of them: what a step may not cost. On a UNet with random weights, 12 x 12 x 1. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, type Model } from "../../src/index";

let model: Model;
/** Buffers made and not yet destroyed, and bytes in them. */
const live = { buffers: 0, bytes: 0 };
/** What allocates on a device or uploads to it, and how often it was called. */
const ALLOCATING = {
  GPUDevice: [
    "createBuffer",
    "createTexture",
    "createBindGroup",
    "createComputePipeline",
    "createComputePipelineAsync",
  ],
  GPUQueue: ["writeBuffer", "writeTexture"],
} as const;
const calls: Record<string, number> = {};

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

beforeAll(() => {
  const types = globalThis as unknown as Record<
    string,
    { prototype: Record<string, (...given: unknown[]) => unknown> }
  >;
  for (const [type, names] of Object.entries(ALLOCATING)) {
    const { prototype } = types[type]!;
    for (const name of names) {
      const original = prototype[name]!;
      calls[name] = 0;
      prototype[name] = function (...given) {
        calls[name]!++;
        return original.apply(this, given);
      };
    }
  }
});

/** Six times, with time between: what a wrapper of the device's holds is free once its finalizer has had a turn. */
async function heapAfterCollection(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 6; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
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

test("a thousand steps, each with its submit, leave no heap behind, and allocate and upload what ten do", async () => {
  await stepCost(1000); // what is compiled or thrown away once is so by now
  await stepCost(20); // and the model has room for two programs: each of the next is made anew
  const short = await stepCost(10);
  const long = await stepCost(1000);
  expect(short.made.createBuffer, "calls are counted").toBeGreaterThan(3);
  expect(long.made).toEqual(short.made);
  expect(long.submits).toBeGreaterThan(1000);
  // A promise kept for each submit would be 400 KiB.
  expect(long.heapGrowth).toBeLessThan(128 * 1024);
}, 300_000);

/** The calls of a run that allocate or upload, its submits, how the heap grew between its second and its last tenth. */
async function stepCost(steps: number) {
  const before = { ...calls };
  const heaps: number[] = [];
  const running = model.denoise({ sampler: "ddim", steps, seed: 1 });
  for (;;) {
    const { done, value } = await running.next();
    if (done) {
      const made = Object.fromEntries(Object.entries(calls).map(([name, count]) => [name, count - before[name]!]));
      // Of two looks the lower: others on the heap come and go.
      const [early, late] = [heaps.slice(1, 3), heaps.slice(-2)].map((looks) => Math.min(...looks));
      return { made, submits: value.report.submits, heapGrowth: late! - early! };
    }
    if ((value.index + 1) % (steps / 10) === 0) heaps.push(await heapAfterCollection());
  }
}

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
  const heap = await heapAfterCollection();
  await generate(96);
  expect(live.buffers).toBe(before.buffers);
  expect(live.bytes).toBe(before.bytes);
  expect((await heapAfterCollection()) - heap).toBeLessThan(2 ** 20);
}, 300_000);
