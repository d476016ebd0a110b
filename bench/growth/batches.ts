/** Time of a step for growing batches, in turns: a picture of many must not cost more than a picture alone. */
import { type Spread, spreadOf } from "../../src/bench/spread";
import type { Model } from "../../src/index";
import { openLoop } from "../loop";

export interface BatchTime {
  readonly batch: number;
  readonly dispatches: number;
  /** Milliseconds of a step. */
  readonly ms: Spread;
  readonly msMin: number;
  readonly msPerImage: number;
  /** Of a picture's share of a step: median over the rounds of its ratio to a picture alone. */
  readonly ratioPerImage: number;
}

/** Steps are repeated until a turn is this long. */
const TURN_MS = 300;

export async function measureBatches(model: Model, batches: readonly number[], rounds: number): Promise<BatchTime[]> {
  const samples: number[][][] = batches.map(() => []);
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
  const perImage = (i: number, round: number) => spreadOf(samples[i]![round]!).median / batches[i]!;
  return batches.map((batch, i) => {
    const all = samples[i]!.flat();
    const ratios = samples[i]!.map((_, round) => perImage(i, round) / perImage(0, round));
    const ms = spreadOf(all);
    return {
      batch,
      dispatches: dispatches[i]!,
      ms,
      msMin: Math.min(...all),
      msPerImage: ms.median / batch,
      ratioPerImage: spreadOf(ratios).median,
    };
  });
}

/** Milliseconds of the steps of one turn, the first step left out: buffers are touched for the first time there. */
export async function turn(loop: Awaited<ReturnType<typeof openLoop>>): Promise<number[]> {
  await loop.start();
  await loop.step();
  const times: number[] = [];
  for (let total = 0; times.length < loop.steps - 1 && (times.length === 0 || total < TURN_MS); ) {
    const { wall } = await loop.step();
    times.push(wall);
    total += wall;
  }
  return times;
}
