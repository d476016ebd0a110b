/** Time of a step for growing batches, in turns: a picture of many must not cost more than a picture alone. */
import { type Spread, spreadOf } from "../../src/bench/spread";
import type { Model } from "../../src/index";
import { type OpenLoop, openLoop, type StepTime } from "../loop";

export interface BatchTime {
  readonly batch: number;
  readonly dispatches: number;
  /** Milliseconds of a step. */
  readonly ms: Spread;
  readonly msMin: number;
  readonly msPerImage: number;
  /** Of a picture's share of a step: median over the rounds of its ratio to a picture alone. */
  readonly ratioPerImage: number;
  /** Milliseconds of processor time a step, over all cores; on a software adapter that is the work. */
  readonly processorMs: number;
  /** Of a picture's share of it to a picture alone. */
  readonly processorRatioPerImage: number;
}

/** Steps are repeated until a turn is this long. */
const TURN_MS = 300;

export async function measureBatches(model: Model, batches: readonly number[], rounds: number): Promise<BatchTime[]> {
  const samples: StepTime[][][] = batches.map(() => []);
  const dispatches: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [i, count] of batches.entries()) {
      // The model keeps two programs, so each turn makes its own anew; pipelines stay compiled.
      const loop = await openLoop(model, { steps: 50, count });
      dispatches[i] = loop.dispatches;
      samples[i]!.push(await turn(loop));
    }
    console.error(`batches: round ${round + 1} of ${rounds}`);
  }
  const median = (steps: readonly StepTime[], part: (step: StepTime) => number) => spreadOf(steps.map(part)).median;
  const perImage = (i: number, round: number) => median(samples[i]![round]!, ({ wall }) => wall) / batches[i]!;
  const processor = batches.map((_, i) => median(samples[i]!.flat(), (step) => step.processor));
  return batches.map((batch, i) => {
    const walls = samples[i]!.flat().map(({ wall }) => wall);
    const ratios = samples[i]!.map((_, round) => perImage(i, round) / perImage(0, round));
    const ms = spreadOf(walls);
    return {
      batch,
      dispatches: dispatches[i]!,
      ms,
      msMin: Math.min(...walls),
      msPerImage: ms.median / batch,
      ratioPerImage: spreadOf(ratios).median,
      processorMs: processor[i]!,
      processorRatioPerImage: processor[i]! / batch / (processor[0]! / batches[0]!),
    };
  });
}

/** The steps of one turn, the first left out: buffers are touched for the first time there. */
export async function turn(loop: OpenLoop): Promise<StepTime[]> {
  await loop.start();
  await loop.step();
  const steps: StepTime[] = [];
  for (let total = 0; steps.length < loop.steps - 1 && (steps.length === 0 || total < TURN_MS); ) {
    const step = await loop.step();
    steps.push(step);
    total += step.wall;
  }
  return steps;
}
