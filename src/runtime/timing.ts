/**
 * Clocks for the benchmark: how long the GPU works on sections and on single dispatches.
 *
 * With `timestamp-query` the GPU writes the time itself, at the ends of passes. Without it the host's clock takes the
 * time from a submit to its end, which has the cost of submitting and waiting in it; `name` says which clock it was.
 * Either measures its own coarseness first: `minSampleMs` is how long a sample must be for that not to matter.
 */
import { check, DeviceError } from "../tensor/check";
import type { Device } from "./device";
import type { Program } from "./program";

/** One dispatch of a program, run `repeats` times in a pass of its own. */
export interface TimedDispatch {
  readonly program: Program;
  readonly section: string;
  /** Its number within the section. */
  readonly index: number;
  readonly repeats: number;
}

/** What a submit took, in milliseconds. */
export interface SubmitTime {
  /** From the call of submit until the GPU was done. */
  readonly wall: number;
  /** On the CPU: building the command buffer and submitting it, where a driver may translate it. */
  readonly encode: number;
  /** Between the pass's own timestamps; null without them. */
  readonly gpu: number | null;
}

export interface Clock {
  readonly name: "timestamp-query" | "wall clock";
  /** The smallest step of the clock that was seen. */
  readonly quantumMs: number;
  /** In a sample this long the quantum is below 1 %, and the cost of a pass below 5 %, of a submit below 10 %. */
  readonly minSampleMs: number;
  /** Times each dispatch with all its repeats, in order. The work of one call should stay below a second. */
  timeDispatches(dispatches: readonly TimedDispatch[]): Promise<number[]>;
  /** Runs sections one after the other in one pass and one submit. */
  timeSections(program: Program, sections: readonly string[]): Promise<SubmitTime>;
  destroy(): void;
}

/** WebGPU's largest query set. */
const QUERIES_MAX = 4096;
/** A quantum is at most this part of a sample. */
const QUANTUM_SHARE = 0.01;
/** Beginning and ending a pass are at most this part of a sample. */
const PASS_SHARE = 0.05;
/** Submitting and waiting are at most this part of a sample of the host's clock. */
const SUBMIT_SHARE = 0.1;

/** The GPU's clock where the device has `timestamp-query`, else the host's. */
export async function openClock(device: Device): Promise<Clock> {
  return device.gpu.features.has("timestamp-query") ? TimestampClock.open(device) : openWallClock(device);
}

/** The smallest positive step between any two readings; 0 where all are equal. */
export function smallestStep(readings: readonly number[]): number {
  const sorted = [...readings].sort((a, b) => a - b);
  const steps = sorted.slice(1).map((reading, i) => reading - sorted[i]!);
  return Math.min(...steps.filter((step) => step > 0), Infinity) % Infinity || 0;
}

class TimestampClock implements Clock {
  readonly name = "timestamp-query";
  quantumMs = 0;
  minSampleMs = 0;
  readonly #device: Device;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  private constructor(device: Device) {
    this.#device = device;
    this.#queries = device.gpu.createQuerySet({ label: "clock", type: "timestamp", count: QUERIES_MAX });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    this.#resolved = device.gpu.createBuffer({ label: "clock", size: 8 * QUERIES_MAX, usage });
  }

  static async open(device: Device): Promise<TimestampClock> {
    const clock = new TimestampClock(device);
    await clock.#measureItself();
    return clock;
  }

  async timeDispatches(dispatches: readonly TimedDispatch[]): Promise<number[]> {
    const encoder = this.#device.gpu.createCommandEncoder({ label: "timed dispatches" });
    this.#encodePasses(encoder, dispatches.length, (pass, i) => encodeRepeats(pass, dispatches[i]!));
    this.#device.gpu.queue.submit([encoder.finish()]);
    const stamps = await this.#read(2 * dispatches.length);
    // A pass's beginning may be stamped while the one before still runs; its end may not.
    return dispatches.map((_, i) => Math.max(0, stamps[2 * i + 1]! - stamps[i === 0 ? 0 : 2 * i - 1]!));
  }

  async timeSections(program: Program, sections: readonly string[]): Promise<SubmitTime> {
    const { gpu } = this.#device;
    const start = performance.now();
    const encoder = gpu.createCommandEncoder({ label: "timed sections" });
    this.#encodePasses(encoder, 1, (pass) => {
      for (const section of sections) program.encode(pass, section);
    });
    const commands = encoder.finish();
    const encoded = performance.now();
    gpu.queue.submit([commands]);
    const submitted = performance.now();
    await this.#device.idle();
    const wall = performance.now() - encoded;
    const [begin, end] = await this.#read(2);
    return { wall, encode: submitted - start, gpu: Math.max(0, end! - begin!) };
  }

  destroy(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }

  #encodePasses(encoder: GPUCommandEncoder, count: number, encode: (pass: GPUComputePassEncoder, i: number) => void) {
    check(
      2 * count <= QUERIES_MAX,
      () => `clock: at most ${QUERIES_MAX / 2} passes a submit, got ${count}`,
      DeviceError,
    );
    for (let i = 0; i < count; i++) {
      const timestampWrites = {
        querySet: this.#queries,
        beginningOfPassWriteIndex: 2 * i,
        endOfPassWriteIndex: 2 * i + 1,
      };
      const pass = encoder.beginComputePass({ label: `timed ${i}`, timestampWrites });
      encode(pass, i);
      pass.end();
    }
    encoder.resolveQuerySet(this.#queries, 0, 2 * count, this.#resolved, 0);
  }

  /** The stamps of the last submit in milliseconds since its first. */
  async #read(count: number): Promise<number[]> {
    const nanoseconds = new BigInt64Array(await this.#device.read(this.#resolved, 8 * count));
    return Array.from(nanoseconds, (stamp) => Number(stamp - nanoseconds[0]!) / 1e6);
  }

  /** Empty passes end as close together as stamps can be; a coarse clock needs several submits to move at all. */
  async #measureItself(): Promise<void> {
    const PASSES = 64;
    const SUBMITS = 100;
    const passMs: number[] = [];
    let quantum = Infinity;
    for (let submit = 0; submit < SUBMITS && (submit < 8 || quantum === Infinity); submit++) {
      const encoder = this.#device.gpu.createCommandEncoder({ label: "empty passes" });
      this.#encodePasses(encoder, PASSES, () => {});
      this.#device.gpu.queue.submit([encoder.finish()]);
      const stamps = await this.#read(2 * PASSES);
      quantum = Math.min(quantum, smallestStep(stamps) || Infinity);
      passMs.push((stamps.at(-1)! - stamps[0]!) / PASSES);
    }
    check(
      quantum < Infinity,
      () => `clock: timestamps must advance, got ${SUBMITS} submits without a step`,
      DeviceError,
    );
    this.quantumMs = quantum;
    this.minSampleMs = Math.max(quantum / QUANTUM_SHARE, median(passMs) / PASS_SHARE);
  }
}

async function openWallClock(device: Device): Promise<Clock> {
  const submit = async (label: string, encode: (pass: GPUComputePassEncoder) => void): Promise<SubmitTime> => {
    const start = performance.now();
    const encoder = device.gpu.createCommandEncoder({ label });
    const pass = encoder.beginComputePass({ label });
    encode(pass);
    pass.end();
    const commands = encoder.finish();
    const encoded = performance.now();
    device.gpu.queue.submit([commands]);
    const submitted = performance.now();
    await device.idle();
    return { wall: performance.now() - encoded, encode: submitted - start, gpu: null };
  };
  const quantumMs = wallQuantum();
  const empty: number[] = [];
  for (let i = 0; i < 16; i++) empty.push((await submit("empty", () => {})).wall);
  return {
    name: "wall clock",
    quantumMs,
    minSampleMs: Math.max(quantumMs / QUANTUM_SHARE, median(empty) / SUBMIT_SHARE),
    timeDispatches: async (dispatches) => {
      const times: number[] = [];
      for (const dispatch of dispatches) {
        times.push((await submit("timed dispatch", (pass) => encodeRepeats(pass, dispatch))).wall);
      }
      return times;
    },
    timeSections: (program, sections) =>
      submit("timed sections", (pass) => {
        for (const section of sections) program.encode(pass, section);
      }),
    destroy: () => {},
  };
}

function median(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)]!;
}

/** The smallest step of `performance.now()`; pages get a coarser one than Node. */
export function wallQuantum(): number {
  const READINGS = 64;
  const readings = [performance.now()];
  while (readings.length < READINGS) {
    const now = performance.now();
    if (now > readings.at(-1)!) readings.push(now);
  }
  return smallestStep(readings);
}

function encodeRepeats(pass: GPUComputePassEncoder, { program, section, index, repeats }: TimedDispatch): void {
  for (let repeat = 0; repeat < repeats; repeat++) program.encodeOne(pass, section, index);
}
