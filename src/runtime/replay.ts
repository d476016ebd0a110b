/**
 * Replays a program's sections: a few once, then one again and again, in submits short enough to stay polite.
 *
 * The first submit holds the opening sections and one step, and is timed; every later one holds as many steps as fit
 * the time slice at the speed seen so far. Nothing is read back, uploaded or allocated here.
 */
import type { Program } from "./program";

export interface ReplayOptions {
  /** Sections that run once, before the first step. */
  readonly opening: readonly string[];
  /** The section that is repeated. */
  readonly section: string;
  readonly count: number;
  /** Longest time that one submit should take, in milliseconds; Infinity for everything after the first step in one. */
  readonly sliceMs: number;
  /** Checked between submits; the replay throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Encodes copies after each step, outside the pass. */
  readonly afterStep?: ((encoder: GPUCommandEncoder, index: number) => void) | undefined;
}

/** How far a replay is, after each submit has run. */
export interface Progress {
  /** Steps done. */
  readonly done: number;
  readonly submits: number;
  readonly dispatches: number;
  /** Milliseconds of the first submit, the opening included. */
  readonly firstMs: number;
  /** Milliseconds of all later submits. */
  readonly laterMs: number;
}

/** Yields after every submit. A caller that stops listening ends the replay. */
export async function* replay(program: Program, options: ReplayOptions): AsyncGenerator<Progress> {
  const { opening, section, count, sliceMs, signal } = options;
  let progress: Progress = { done: 0, submits: 0, dispatches: 0, firstMs: 0, laterMs: 0 };
  let steps = 1;
  while (progress.done < count) {
    signal?.throwIfAborted();
    const isFirst = progress.done === 0;
    const start = performance.now();
    const dispatches = submit(program, isFirst ? opening : [], section, progress.done, steps, options.afterStep);
    await program.device.idle();
    const ms = performance.now() - start;
    progress = {
      done: progress.done + steps,
      submits: progress.submits + 1,
      dispatches: progress.dispatches + dispatches,
      firstMs: isFirst ? ms : progress.firstMs,
      laterMs: isFirst ? 0 : progress.laterMs + ms,
    };
    yield progress;
    const stepMs = isFirst ? ms : progress.laterMs / (progress.done - 1);
    steps = Math.max(1, Math.min(count - progress.done, Math.floor(sliceMs / stepMs)));
  }
}

/** One submit: the opening sections, then `steps` repetitions; returns how many dispatches it holds. */
function submit(
  program: Program,
  opening: readonly string[],
  section: string,
  first: number,
  steps: number,
  afterStep: ReplayOptions["afterStep"],
): number {
  const encoder = program.device.gpu.createCommandEncoder({ label: `${program.recording.name} ${section} ${first}` });
  let pass = encoder.beginComputePass({ label: section });
  let dispatches = 0;
  const encode = (name: string) => {
    program.encode(pass, name);
    dispatches += program.dispatchCount(name);
  };
  opening.forEach(encode);
  for (let step = first; step < first + steps; step++) {
    encode(section);
    if (!afterStep) continue;
    pass.end();
    afterStep(encoder, step);
    pass = encoder.beginComputePass({ label: section });
  }
  pass.end();
  program.device.gpu.queue.submit([encoder.finish()]);
  return dispatches;
}
