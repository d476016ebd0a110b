/** A clock for people who wait: samples of twenty quanta are exact enough for a share of a step. */
import type { Clock } from "../runtime/timing";

const QUANTA = 20;
/** Below this, beginning and ending a pass would be most of a sample. */
const SAMPLE_MS_MIN = 1;

export function quickClock(clock: Clock): Clock {
  const { name, quantumMs } = clock;
  return {
    name,
    quantumMs,
    minSampleMs: Math.min(clock.minSampleMs, Math.max(QUANTA * quantumMs, SAMPLE_MS_MIN)),
    timeDispatches: (dispatches) => clock.timeDispatches(dispatches),
    timeSections: (program, sections) => clock.timeSections(program, sections),
    destroy: () => clock.destroy(),
  };
}
