/**
 * Time of every dispatch of a step, each in a pass of its own.
 *
 * A dispatch is repeated inside its pass until the sample is long enough for the clock, so its data are warm. Repeats
 * spoil the picture (the update of x runs again and again) but not the time, and every round begins with fresh static.
 */
import type { Program } from "../runtime/program";
import type { Clock } from "../runtime/timing";
import { type Spread, spreadOf } from "./spread";

export interface DispatchTime {
  /** Milliseconds of one launch. */
  readonly ms: Spread;
  /** The shortest of the samples. */
  readonly best: number;
  /** Launches in a sample. */
  readonly repeats: number;
}

/** One submit's share of work, in milliseconds as estimated: below what a browser allows before it resets the GPU. */
const SUBMIT_MS = 500;
const PASSES_PER_SUBMIT = 1024;
const REPEATS_MAX = 4096;
const CALIBRATIONS_MAX = 8;

/**
 * Times all dispatches of `section`, `rounds` times over.
 * @param restart gives the program in its first state again
 */
export async function timeDispatches(
  clock: Clock,
  section: string,
  rounds: number,
  restart: () => Promise<Program>,
  onRound: (done: number) => void = () => {},
): Promise<DispatchTime[]> {
  const { repeats, estimates } = await calibrate(clock, section, restart);
  const samples: number[][] = repeats.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const times = await timeRound(clock, await restart(), section, repeats, estimates);
    times.forEach((ms, i) => {
      samples[i]!.push(ms / repeats[i]!);
    });
    onRound(round + 1);
  }
  return samples.map((each, i) => ({ ms: spreadOf(each), best: Math.min(...each), repeats: repeats[i]! }));
}

/** How many repeats make each sample long enough, and how long it then is about. */
async function calibrate(clock: Clock, section: string, restart: () => Promise<Program>) {
  const first = await restart();
  const ones = Array<number>(first.dispatchCount(section)).fill(1);
  await timeRound(clock, first, section, ones, []); // the first launch of a pipeline may still compile
  let repeats = ones;
  let estimates = await timeRound(clock, await restart(), section, repeats, []);
  for (let pass = 0; pass < CALIBRATIONS_MAX; pass++) {
    const wanted = repeats.map((now, i) => nextRepeats(now, estimates[i]!, clock.minSampleMs));
    if (wanted.every((count, i) => count === repeats[i])) break;
    const expected = estimates.map((ms, i) => (ms * wanted[i]!) / repeats[i]!);
    repeats = wanted;
    estimates = await timeRound(clock, await restart(), section, repeats, expected);
  }
  return { repeats, estimates };
}

function nextRepeats(now: number, sampleMs: number, minSampleMs: number): number {
  if (sampleMs >= minSampleMs) return now;
  // Half as long again, since the next sample may be quicker. A coarse clock may have seen nothing at all: no leaps then.
  const growth = Math.min(Math.max((1.5 * minSampleMs) / Math.max(sampleMs, minSampleMs / 100), 2), 64);
  return Math.min(Math.ceil(now * growth), REPEATS_MAX);
}

/** Milliseconds of each dispatch with all its repeats; as many submits as the estimated times ask for. */
async function timeRound(
  clock: Clock,
  program: Program,
  section: string,
  repeats: readonly number[],
  estimates: readonly number[],
): Promise<number[]> {
  const times: number[] = [];
  while (times.length < repeats.length) {
    const first = times.length;
    let end = first;
    for (let ms = 0; end < repeats.length && end - first < PASSES_PER_SUBMIT && ms < SUBMIT_MS; end++) {
      // Without an estimate yet, a few at a time.
      ms += estimates[end] ?? SUBMIT_MS / 16;
    }
    const batch = repeats.slice(first, end).map((count, i) => ({ program, section, index: first + i, repeats: count }));
    times.push(...(await clock.timeDispatches(batch)));
  }
  return times;
}
