/**
 * How near to the device's limits: the roofline model (Williams, Waterman and Patterson 2009).
 *
 * Work of F operations on D bytes takes at least max(F / peak operations, D / peak bandwidth); the larger of the two says
 * what bounds it. The bandwidth is that of the fastest copy, so data that stay in a cache do not seem to beat the device.
 */
import type { RecordedDispatch } from "../recording/recording";
import type { DispatchTime } from "./dispatch_times";
import type { Peaks } from "./peaks";
import type { Spread } from "./spread";

export interface Work {
  readonly flops: number;
  readonly bytes: number;
  readonly ms: number;
}

export interface Achieved {
  readonly gflops: number;
  readonly gbPerSecond: number;
  readonly bound: "compute" | "memory";
  /** The rate over that of multiply-adds alone, measured in the same run. */
  readonly fmaShare: number;
  /** The least time that the device's peaks allow over the time taken: 1 at the roof. */
  readonly peakShare: number;
}

/** One dispatch of a step, timed. */
export interface TimedLayer extends Work, Achieved {
  /** Its place in the model. */
  readonly label: string;
  readonly kernel: string;
  readonly spread: Spread;
  readonly repeats: number;
}

/** All dispatches of one kernel, summed. */
export interface KernelSum extends Work, Achieved {
  readonly kernel: string;
  readonly dispatches: number;
  /** Of the time of all dispatches of a step, 0 to 1. */
  readonly timeShare: number;
}

/** 10^9 bytes a second of the fastest copy. */
export function bestCopy({ copies }: Peaks): number {
  return Math.max(...copies.map(({ gbPerSecond }) => gbPerSecond));
}

/** The least milliseconds that the peaks allow. */
function leastMs({ flops, bytes }: Omit<Work, "ms">, peaks: Peaks): { compute: number; memory: number } {
  return { compute: flops / peaks.gflops / 1e6, memory: bytes / bestCopy(peaks) / 1e6 };
}

export function achieved(work: Work, peaks: Peaks): Achieved {
  const { compute, memory } = leastMs(work, peaks);
  const gflops = work.flops / work.ms / 1e6;
  return {
    gflops,
    gbPerSecond: work.bytes / work.ms / 1e6,
    bound: compute > memory ? "compute" : "memory",
    fmaShare: gflops / peaks.gflops,
    peakShare: Math.max(compute, memory) / work.ms,
  };
}

/** `dispatches` and `times` belong together one for one. */
export function timedLayers(
  dispatches: readonly RecordedDispatch[],
  times: readonly DispatchTime[],
  bytesOf: (dispatch: RecordedDispatch) => number,
  peaks: Peaks,
): TimedLayer[] {
  return dispatches.map((dispatch, i) => {
    const { ms: spread, repeats } = times[i]!;
    const work = { flops: dispatch.flops, bytes: bytesOf(dispatch), ms: spread.median };
    return { label: dispatch.label, kernel: dispatch.shader.name, ...work, ...achieved(work, peaks), spread, repeats };
  });
}

/** One row per kernel, slowest first. A sum's share of the peak is that of its dispatches' least times. */
export function kernelSums(layers: readonly TimedLayer[], peaks: Peaks): KernelSum[] {
  const total = layers.reduce((sum, { ms }) => sum + ms, 0);
  const kernels = new Map<string, TimedLayer[]>();
  for (const layer of layers) kernels.set(layer.kernel, [...(kernels.get(layer.kernel) ?? []), layer]);
  const sums = [...kernels].map(([kernel, all]) => {
    const add = (part: (layer: TimedLayer) => number) => all.reduce((sum, layer) => sum + part(layer), 0);
    const work = { flops: add(({ flops }) => flops), bytes: add(({ bytes }) => bytes), ms: add(({ ms }) => ms) };
    const peakShare = add((layer) => layer.peakShare * layer.ms) / work.ms;
    const timeShare = work.ms / total;
    return { kernel, dispatches: all.length, ...work, ...achieved(work, peaks), peakShare, timeShare };
  });
  return sums.sort((a, b) => b.ms - a.ms);
}
