/**
 * Time of a whole generation for growing numbers of steps, and what a step leaves behind: nothing.
 *
 * Every object that the engine could make on the device is counted while the loop runs, and the JavaScript heap is
 * measured after collections before and after.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Spread, spreadOf } from "../../src/bench/spread";
import type { Model } from "../../src/index";
import { type OpenLoop, openLoop } from "../loop";

export interface StepsCost {
  readonly steps: number;
  /** Milliseconds from the first static to the last step done. */
  readonly totalMs: number;
  readonly msPerStep: number;
  /** Encoding and submitting a step, on the CPU, in milliseconds. */
  readonly cpuMs: Spread;
  readonly dispatchesPerStep: number;
  /** Calls during all steps that allocate or upload: each should be 0. */
  readonly calls: Readonly<Record<string, number>>;
  /** Bytes of the program's GPU buffers. */
  readonly gpuBytes: number;
  /** Growth of the JavaScript heap over the steps, in bytes, after garbage collections at either end. */
  readonly heapGrowth: number;
  readonly heapBytes: number;
}

const ALLOCATING = {
  GPUDevice: ["createBuffer", "createTexture", "createBindGroup", "createComputePipeline", "createShaderModule"],
  GPUQueue: ["writeBuffer", "writeTexture"],
} as const;

export async function measureSteps(model: Model, counts: readonly number[]): Promise<StepsCost[]> {
  const measured: StepsCost[] = [];
  // Code is compiled while it runs for the first time, and lies on the same heap.
  await costOf(await startedLoop(model, 100));
  for (const count of counts) {
    measured.push(await costOf(await startedLoop(model, count)));
    console.error(`steps: ${count}`);
  }
  return measured;
}

async function startedLoop(model: Model, steps: number): Promise<OpenLoop> {
  const loop = await openLoop(model, { steps, sampler: "ddim", count: 1 });
  await loop.start();
  return loop;
}

async function costOf(loop: OpenLoop): Promise<StepsCost> {
  const counted = countCalls();
  const heapBefore = await heapAfterCollection();
  // Allocated before, so that the record of the times does not count as the loop's.
  const cpu = new Float64Array(loop.steps);
  const start = performance.now();
  for (let i = 0; i < loop.steps; i++) cpu[i] = (await loop.step()).cpu;
  const totalMs = performance.now() - start;
  const heapBytes = await heapAfterCollection();
  return {
    steps: loop.steps,
    totalMs,
    msPerStep: totalMs / loop.steps,
    cpuMs: spreadOf(Array.from(cpu)),
    dispatchesPerStep: loop.dispatches,
    calls: counted.stop(),
    gpuBytes: loop.bytes,
    heapGrowth: heapBytes - heapBefore,
    heapBytes,
  };
}

/** Counts the calls that allocate or upload, from now until `stop`. */
function countCalls(): { stop(): Record<string, number> } {
  const calls: Record<string, number> = {};
  const undo: (() => void)[] = [];
  for (const [type, names] of Object.entries(ALLOCATING)) {
    const { prototype } = (globalThis as unknown as Record<string, { prototype: Record<string, () => unknown> }>)[
      type
    ]!;
    for (const name of names) {
      const original = prototype[name]!;
      calls[name] = 0;
      prototype[name] = function (this: unknown, ...args: []) {
        calls[name]!++;
        return original.apply(this, args);
      };
      undo.push(() => {
        prototype[name] = original;
      });
    }
  }
  return {
    stop: () => {
      for (const each of undo) each();
      return calls;
    },
  };
}

let collect: (() => void) | undefined;

/** Three times, with turns between: what a wrapper of the device's holds is free once its finalizer has run. */
async function heapAfterCollection(): Promise<number> {
  setFlagsFromString("--expose-gc");
  collect ??= runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}
