/**
 * What this device can do at best, measured in the same run: multiply-adds, and copies of several sizes.
 *
 * Data sheets promise more than any kernel gets, and a machine under load gives less than it could: a share of a peak
 * only means something where both were measured under the same conditions. Host twin of the two kernels beside it.
 */
import { linearWorkgroups } from "../kernels/geometry";
import type { Dispatch } from "../recording/dispatch";
import { Recording, type Tensor } from "../recording/recording";
import type { Device } from "../runtime/device";
import type { Pipelines } from "../runtime/pipelines";
import { Program } from "../runtime/program";
import type { Clock } from "../runtime/timing";
import { Weights } from "../runtime/weights";
import { check } from "../tensor/check";
import copyKernel from "./copy_peak.wgsl";
import { timeDispatches } from "./dispatch_times";
import fmaKernel from "./fma_peak.wgsl";
import { WrongResultError } from "./reference";

export interface Peaks {
  /** 10^9 floating-point operations a second, a multiply-add counting two, in f32. */
  readonly gflops: number;
  /** Bytes read plus bytes written, 10^9 a second, for copies of growing size: from within the caches to beyond them. */
  readonly copies: readonly { readonly bytes: number; readonly gbPerSecond: number }[];
}

const WORKGROUP_SIZE = 64;
const FLOPS_PER_TURN = 256;
const FACTOR = -0.999;
const TERM = 1;

/** Enough to fill a large GPU for a fraction of a millisecond, and a processor for a few. */
const FMA = { gpu: { invocations: 2 ** 20, turns: 256 }, cpu: { invocations: 2 ** 12, turns: 64 } } as const;
/** Bytes of the source. */
const COPIES = { gpu: [2 ** 20, 2 ** 23, 2 ** 25, 2 ** 27], cpu: [2 ** 20, 2 ** 23, 2 ** 25] } as const;
/** The best round counts: a peak is what nothing disturbed. */
const ROUNDS = 5;

/** @throws WrongResultError where the device computes or copies wrongly. */
export async function measurePeaks(device: Device, pipelines: Pipelines, clock: Clock): Promise<Peaks> {
  const { kind } = device.adapter;
  const { invocations, turns } = FMA[kind];
  const limit = device.gpu.limits.maxStorageBufferBindingSize;
  const sizes = COPIES[kind].filter((bytes) => bytes <= limit);
  const recording = new Recording("peaks");
  const source = recording.state("copy/x", [sizes.at(-1)! / 4]);
  const target = recording.state("copy/y", [sizes.at(-1)! / 4]);
  const { y: sums } = recording.add("fma", fmaPeak(invocations, turns));
  for (const bytes of sizes) recording.add(`copy ${bytes}`, copyPeak(source, target, bytes));
  const program = await Program.create(device, pipelines, new Weights(device), recording);
  try {
    program.write(source, pattern(sizes.at(-1)! / 4));
    const times = await timeDispatches(clock, "step", ROUNDS, async () => program);
    await checkPeaks(program, sums, target, turns);
    const [fma, ...copies] = times.map(({ best }) => best);
    return {
      gflops: (invocations * turns * FLOPS_PER_TURN) / fma! / 1e6,
      copies: sizes.map((bytes, i) => ({ bytes, gbPerSecond: (2 * bytes) / copies[i]! / 1e6 })),
    };
  } finally {
    program.destroy();
  }
}

/** y: (invocations, 4) */
function fmaPeak(invocations: number, turns: number) {
  return {
    shader: fmaKernel,
    constants: { WORKGROUP_SIZE },
    params: { turns, m: FACTOR, c: TERM },
    reads: {},
    writes: { y: { shape: [invocations, 4] } },
    workgroups: [invocations / WORKGROUP_SIZE, 1, 1],
    flops: invocations * turns * FLOPS_PER_TURN,
  } satisfies Dispatch;
}

/** Copies the first `bytes` of `x` to `y`. */
function copyPeak(x: Tensor, y: Tensor, bytes: number) {
  return {
    shader: copyKernel,
    constants: { WORKGROUP_SIZE },
    params: { count: bytes / 16 },
    reads: { x },
    writes: { y },
    workgroups: linearWorkgroups("copyPeak", bytes / 16, WORKGROUP_SIZE),
    flops: 0,
  } satisfies Dispatch;
}

/** Nothing compresses these numbers, and no copy of zeros passes for one. */
function pattern(count: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = (Math.imul(i, 0x9e3779b1) >>> 8) * 2 ** -24; // golden ratio
  return numbers;
}

async function checkPeaks(program: Program, sums: Tensor, target: Tensor, turns: number): Promise<void> {
  const y = await program.read(sums);
  const error = Math.max(...[0, 1, 2, 3].map((lane) => Math.abs(y[lane]! - sumOfChains(lane, turns))));
  // A link keeps 0.999 of earlier rounding errors: some thousand of them, each 2^-24, add up in four chains.
  check(error <= 1e-3, () => `fma_peak: y must be the chains' sum, got a difference of ${error}`, WrongResultError);
  const copied = await program.read(target);
  const expected = pattern(copied.length);
  const wrong = copied.findIndex((value, i) => value !== expected[i]);
  check(wrong < 0, () => `copy_peak: y must equal x, got a difference at ${wrong}`, WrongResultError);
}

/** Lane `lane` of invocation 0, in f64. */
function sumOfChains(lane: number, turns: number): number {
  let sum = 0;
  for (let chain = 0; chain < 4; chain++) {
    let a = 0.1 * lane + 0.4 * chain;
    for (let link = 0; link < 8 * turns; link++) a = a * FACTOR + TERM;
    sum += a;
  }
  return sum;
}
