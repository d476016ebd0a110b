/**
 * Replays a program's sections: a few once, then one again and again, in submits short enough to stay polite.
 *
 * A submit ends after any dispatch, in the middle of a step where a step is long. How much fits is measured: a program's
 * first submit holds next to nothing, and no submit more than a few times what the largest before it held. One dispatch
 * cannot be cut, so it is the shortest that a submit can be. Nothing is read back, uploaded or allocated.
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
  /** No submit holds dispatches of two steps. */
  readonly isStepwise?: boolean;
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
  /** Milliseconds of the first step's submits, the opening included. */
  readonly firstMs: number;
  /** Milliseconds of all later ones. */
  readonly laterMs: number;
}

/** What a program's first submit may hold, in FLOP: 10 ms of an adapter that does 0.1 GFLOP/s, the slowest seen. */
const FIRST_WORK = 1e6;

/** How many times the largest submit so far the next may hold: from FIRST_WORK to 1 GFLOP in five. */
const GROWTH = 4;

/** Share of the slice that is aimed at: FLOPs tell a dispatch's time roughly, and machines have other work. */
const AIM = 0.6;

/** Steps are not cut shorter than this, in milliseconds: a submit has a price of its own. */
const CUT_MS = 10;

/** What is known of a program's speed, kept from one replay to the next. */
interface Pace {
  /** FLOP per millisecond, in the latest submit. */
  rate: number;
  /** FLOP of the largest submit. */
  largest: number;
}

const paces = new WeakMap<Program, Pace>();

/** Yields after every submit. A caller that stops listening ends the replay. */
export async function* replay(program: Program, options: ReplayOptions): AsyncGenerator<Progress> {
  const { count, sliceMs, signal, isStepwise } = options;
  const line = new Line(program, options);
  let progress: Progress = { done: 0, submits: 0, dispatches: 0, firstMs: 0, laterMs: 0 };
  const pace = paces.get(program) ?? { rate: Infinity, largest: FIRST_WORK / GROWTH };
  paces.set(program, pace);
  while (progress.done < count) {
    signal?.throwIfAborted();
    const from = progress.dispatches;
    const fits = (ms: number) =>
      Math.min(AIM * ms * pace.rate, sliceMs === Infinity ? Infinity : GROWTH * pace.largest);
    const isWhole = fits(sliceMs) >= line.stepWork && !isStepwise && progress.done > 0;
    const to = line.end(from, fits(isWhole ? sliceMs : Math.max(sliceMs, CUT_MS)), !isWhole);
    const start = performance.now();
    line.submit(from, to);
    await program.device.idle();
    const ms = performance.now() - start;
    const work = line.work(from, to);
    pace.rate = work / ms;
    pace.largest = Math.max(pace.largest, work);
    progress = {
      done: line.steps(to),
      submits: progress.submits + 1,
      dispatches: to,
      firstMs: progress.done === 0 ? progress.firstMs + ms : progress.firstMs,
      laterMs: progress.done === 0 ? 0 : progress.laterMs + ms,
    };
    yield progress;
  }
}

/** All dispatches of a replay in a row: those of the opening, then those of the steps. */
class Line {
  readonly #program: Program;
  readonly #options: ReplayOptions;
  readonly #opening: readonly Place[];
  readonly #step: readonly Place[];
  readonly stepWork: number;

  constructor(program: Program, options: ReplayOptions) {
    const places = (section: string): Place[] =>
      Array.from({ length: program.dispatchCount(section) }, (_, index) => {
        return { section, index, work: program.flops(section, index) };
      });
    this.#program = program;
    this.#options = options;
    this.#opening = options.opening.flatMap(places);
    this.#step = places(options.section);
    // A dispatch takes time even where it computes next to nothing.
    const floor = 1 + this.#step.reduce((sum, { work }) => sum + work, 0) / (10 * this.#step.length);
    for (const place of [...this.#opening, ...this.#step]) place.work += floor;
    this.stepWork = this.work(this.#opening.length, this.#opening.length + this.#step.length);
  }

  /** Steps that are over before dispatch `at`. */
  steps(at: number): number {
    return Math.max(0, Math.floor((at - this.#opening.length) / this.#step.length));
  }

  /** Where a submit from dispatch `from` on ends: within the budget, but for one dispatch; perhaps with the step. */
  end(from: number, budget: number, isWithinStep: boolean): number {
    const steps = isWithinStep ? this.steps(from) + 1 : this.#options.count;
    const last = this.#opening.length + steps * this.#step.length;
    let to = from;
    for (let work = 0; to < last && (to === from || work + this.#at(to).work <= budget); to++)
      work += this.#at(to).work;
    return to;
  }

  work(from: number, to: number): number {
    let work = 0;
    for (let at = from; at < to; at++) work += this.#at(at).work;
    return work;
  }

  submit(from: number, to: number): void {
    const { section, afterStep } = this.#options;
    const label = `${this.#program.recording.name} ${section} ${this.steps(from)}`;
    const encoder = this.#program.device.gpu.createCommandEncoder({ label });
    let pass = encoder.beginComputePass({ label: section });
    for (let at = from; at < to; at++) {
      const place = this.#at(at);
      this.#program.encodeOne(pass, place.section, place.index);
      if (!afterStep || this.steps(at + 1) === this.steps(at)) continue;
      pass.end();
      afterStep(encoder, this.steps(at));
      pass = encoder.beginComputePass({ label: section });
    }
    pass.end();
    this.#program.device.gpu.queue.submit([encoder.finish()]);
  }

  #at(at: number): Place {
    const { length } = this.#opening;
    return at < length ? this.#opening[at]! : this.#step[(at - length) % this.#step.length]!;
  }
}

/** A dispatch of a program, and its share of the time. */
interface Place {
  readonly section: string;
  readonly index: number;
  work: number;
}
