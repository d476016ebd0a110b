/** The loop of one generation, replayed for as long as the benchmark likes. */
import type { Program } from "../runtime/program";
import type { Clock, SubmitTime } from "../runtime/timing";
import type { Model } from "../sampler/model";
import type { GenerateOptions } from "../sampler/options";
import { type Spread, spreadOf } from "./spread";

/** Time of one step, in milliseconds; a step is one evaluation of the network with the update of the picture. */
export interface StepTimes {
  /** From submit to done. */
  readonly wall: Spread;
  /** Between the GPU's own timestamps; null without them. */
  readonly gpu: Spread | null;
  /** On the CPU: to encode and submit. */
  readonly encode: Spread;
  readonly stepsPerSubmit: number;
}

/** A GPU raises its clock rate under load; half a second suffices. */
const WARM_UP_MS = 500;
const WARM_UP_SUBMITS = 2;
/** Submits are filled up to this: far above the cost of waiting, far below a browser's patience. */
const SUBMIT_MS = 250;

export class Loop {
  readonly #model: Pick<Model, "prepare">;
  readonly #options: GenerateOptions;
  readonly #clock: Clock;
  #program: Program | undefined;
  #stepsLeft = 0;
  #stepsInAll = 0;

  constructor(model: Pick<Model, "prepare">, options: GenerateOptions, clock: Clock) {
    this.#model = model;
    this.#options = options;
    this.#clock = clock;
  }

  /** Back to pure static and the first row of the table. */
  async restart(): Promise<Program> {
    const { run } = await this.#model.prepare(this.#options);
    await this.#clock.timeSections(run.program, ["prepare", "start"]);
    this.#program = run.program;
    this.#stepsInAll = run.evaluations;
    this.#stepsLeft = run.evaluations;
    return run.program;
  }

  /** Times `repeats` submits of steps, warmed up. `onSample` hears after each. */
  async time(repeats: number, onSample: (done: number) => void): Promise<StepTimes> {
    const stepsPerSubmit = await this.#warmUp();
    const samples: SubmitTime[] = [];
    while (samples.length < repeats) {
      samples.push(await this.#steps(stepsPerSubmit));
      onSample(samples.length);
    }
    const each = (part: (sample: SubmitTime) => number) =>
      spreadOf(samples.map((sample) => part(sample) / stepsPerSubmit));
    return {
      wall: each(({ wall }) => wall),
      gpu: samples[0]?.gpu === null ? null : each(({ gpu }) => gpu ?? 0),
      encode: each(({ encode }) => encode),
      stepsPerSubmit,
    };
  }

  /** Returns how many steps make a submit of the right length. */
  async #warmUp(): Promise<number> {
    let stepsPerSubmit = 1;
    let total = 0;
    for (let submit = 0; submit < WARM_UP_SUBMITS || total < WARM_UP_MS; submit++) {
      const { wall } = await this.#steps(stepsPerSubmit);
      total += wall;
      const fitting = Math.floor((SUBMIT_MS * stepsPerSubmit) / wall);
      stepsPerSubmit = Math.max(1, Math.min(fitting, this.#stepsInAll));
    }
    return stepsPerSubmit;
  }

  /** The next `count` steps in one submit; begins anew where fewer are left. */
  async #steps(count: number): Promise<SubmitTime> {
    const program = this.#program && this.#stepsLeft >= count ? this.#program : await this.restart();
    this.#stepsLeft -= count;
    return this.#clock.timeSections(program, Array<string>(count).fill("step"));
  }
}
