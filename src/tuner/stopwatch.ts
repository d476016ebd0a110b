/** Takes the time of a few dispatches of a program: what the tuner decides by. */
import type { Device } from "../runtime/device";
import type { Program } from "../runtime/program";
import { type Clock, openClock } from "../runtime/timing";

/** Some dispatches of a program's section "step", by their numbers in it. */
export interface Contestant {
  readonly program: Program;
  readonly indices: readonly number[];
}

export interface Stopwatch {
  /** Milliseconds of one run of the contestant's dispatches: one sample. */
  time(contestant: Contestant): Promise<number>;
  destroy(): void;
}

/** Long enough that beginning and ending a pass hardly count, short enough that little else happens meanwhile. */
const SAMPLE_MS = 4;
const REPEATS_MAX = 2048;

export async function openStopwatch(device: Device): Promise<Stopwatch> {
  const clock = await openClock(device);
  const repeatsOf = new WeakMap<Contestant, number>();
  return {
    time: async (contestant) => {
      let repeats = repeatsOf.get(contestant);
      if (repeats === undefined) {
        await timeOnce(clock, contestant, 1); // the first launch of a pipeline may still compile
        const ms = Math.max(await timeOnce(clock, contestant, 1), 1e-6);
        repeats = Math.min(Math.max(1, Math.ceil(Math.max(SAMPLE_MS, clock.minSampleMs) / ms)), REPEATS_MAX);
        repeatsOf.set(contestant, repeats);
      }
      return (await timeOnce(clock, contestant, repeats)) / repeats;
    },
    destroy: () => clock.destroy(),
  };
}

async function timeOnce(clock: Clock, { program, indices }: Contestant, repeats: number): Promise<number> {
  const times = await clock.timeDispatches(indices.map((index) => ({ program, section: "step", index, repeats })));
  return times.reduce((sum, ms) => sum + ms, 0);
}
