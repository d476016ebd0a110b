/** One run of the loop: uploads what it needs, replays the steps, reads the pictures back once. */
import { clearedFlag, nonfiniteRow } from "../kernels/sampler_state";
import { POSITION_WORDS } from "../kernels/time_share";
import type { Precision, Tensor } from "../recording/recording";
import { type Canvas, drawOn } from "../runtime/canvas";
import type { AdapterDescription } from "../runtime/device";
import type { History } from "../runtime/history";
import type { Program } from "../runtime/program";
import { type Progress, type ReplayOptions, replay } from "../runtime/replay";
import { packTable } from "../schedulers/pack";
import { paddedSizeOf, padRows, sizeOf, unpadRows } from "../tensor/shape";
import type { Conditions } from "./conditions";
import { type Image, imagesOf } from "./image";
import type { RecordedLoop } from "./network";
import type { GenerateOptions } from "./options";
import type { Plan } from "./plan";

/** What happened, in numbers: printed by `generate --json`, asserted by tests. */
export interface RunReport {
  readonly adapter: string;
  readonly sampler: string;
  readonly seed: string;
  /** Names the random numbers of the first picture's static: two machines can compare what they started from. */
  readonly staticHash: string;
  readonly steps: number;
  readonly guidance: number;
  /** Evaluations of the network; some samplers need two a step. */
  readonly evaluations: number;
  readonly submits: number;
  readonly dispatches: number;
  readonly dispatchesPerStep: number;
  readonly readbacks: number;
  /** Bytes of GPU memory of this run's program; the weights come on top. */
  readonly memoryBytes: number;
  /** How the matrices lie in memory, and the activations. */
  readonly precision: Precision;
  /** The layer that was beyond f16, where f16 was asked for and f32 had to do it; else null. */
  readonly overflow: string | null;
  readonly ms: {
    readonly load: number;
    readonly compile: number;
    /** The first step with everything that comes before the loop. */
    readonly firstStep: number;
    /** All three: what a page waits from `load` to its first picture, where nothing else comes between. */
    readonly firstPicture: number;
    /** Mean of the later ones. */
    readonly laterStep: number;
    /** From the first submit to the pictures on the host. */
    readonly total: number;
  };
}

/** A step kept for looking at. */
export interface KeptStep {
  readonly index: number;
  readonly timestep: number;
  readonly sigma: number;
  /** x_t after this step, one per picture. */
  readonly x: readonly Image[];
  /** The picture that the network predicted at this step. */
  readonly x0: readonly Image[];
}

export interface Generation {
  readonly images: readonly Image[];
  readonly report: RunReport;
  /** Every step, where `keepSteps` asked for them; else empty. */
  readonly steps: readonly KeptStep[];
}

/** A step of `denoise`, as it happens. */
export interface Step {
  /** 0 for the first evaluation of the network. */
  readonly index: number;
  readonly total: number;
  readonly timestep: number;
  /** The state before the step was alpha x0 + sigma eps. */
  readonly alpha: number;
  readonly sigma: number;
  /** Reads x_t after this step. */
  x(): Promise<Image[]>;
  /** Reads the picture that the network now predicts. */
  x0(): Promise<Image[]>;
  /**
   * Draws x_t, or with "x0" the predicted picture, straight from GPU memory: picture number `image`, or all of them as
   * a sheet. They fill the canvas as far as their shape allows, pixels stay sharp. Only until the next step begins.
   */
  draw(canvas: Canvas, what?: "x" | "x0", image?: number): void;
}

export interface RunInputs {
  readonly plan: Plan;
  readonly conditions: Conditions;
  readonly seed: bigint;
  readonly sliceMs: number;
  readonly loadMs: number;
  readonly compileMs: number;
  readonly overflow: string | null;
}

export class Run {
  readonly #program: Program;
  readonly #loop: RecordedLoop;
  readonly #inputs: RunInputs;
  readonly #options: GenerateOptions;
  readonly #adapter: AdapterDescription;
  #readbacks = 0;
  #nonfiniteRow: number | null = null;

  constructor(
    program: Program,
    loop: RecordedLoop,
    inputs: RunInputs,
    options: GenerateOptions,
    adapter: AdapterDescription,
  ) {
    this.#program = program;
    this.#loop = loop;
    this.#inputs = inputs;
    this.#options = options;
    this.#adapter = adapter;
    this.#upload();
  }

  get program(): Program {
    return this.#program;
  }

  /** Evaluations of the network: replays of the section "step". */
  get evaluations(): number {
    return this.#inputs.plan.table.rows.length;
  }

  /** The evaluation that left the finite numbers, once the run is over; null where none did. */
  get nonfiniteRow(): number | null {
    return this.#nonfiniteRow;
  }

  /** Runs as far as evaluation `last`, and reads nothing. */
  async replayTo(last: number): Promise<void> {
    for await (const _ of this.#replay(undefined, { count: last + 1 }));
  }

  /** Runs to the end. */
  async finish(): Promise<Generation> {
    const rows = this.#inputs.plan.table.rows.length;
    const history = this.#options.keepSteps ? await this.#history(rows) : undefined;
    const start = performance.now();
    try {
      let last: Progress | undefined;
      for await (const progress of this.#replay(history)) {
        last = progress;
        if (this.#options.canvas) this.#draw(this.#loop.state.x, this.#options.canvas);
        this.#options.onProgress?.(progress.done, rows);
      }
      if (history) return await this.#keptGeneration(history, last!, start);
      const images = await this.#read(this.#loop.state.x);
      return { images, report: this.#report(last!, performance.now() - start), steps: [] };
    } finally {
      history?.destroy();
    }
  }

  /** Runs step by step; what `finish` would return is the generator's result. */
  async *steps(): AsyncGenerator<Step, Generation> {
    const { table } = this.#inputs.plan;
    const { x, denoised } = this.#loop.state;
    const start = performance.now();
    let last: Progress | undefined;
    for await (const progress of this.#replay(undefined, { isStepwise: true })) {
      if (progress.done === (last?.done ?? 0)) continue;
      last = progress;
      this.#options.onProgress?.(progress.done, table.rows.length);
      const { timestep, alpha, sigma } = table.rows[progress.done - 1]!;
      const step = { index: progress.done - 1, total: table.rows.length, timestep, alpha, sigma };
      const draw: Step["draw"] = (canvas, what = "x", image) => this.#draw(what === "x" ? x : denoised, canvas, image);
      yield { ...step, x: () => this.#read(x), x0: () => this.#read(denoised), draw };
    }
    const images = await this.#read(x);
    return { images, report: this.#report(last!, performance.now() - start), steps: [] };
  }

  #replay(history: History | undefined, options: Partial<ReplayOptions> = {}): AsyncGenerator<Progress> {
    return replay(this.#program, {
      opening: ["prepare", "start"],
      section: "step",
      count: this.evaluations,
      sliceMs: this.#inputs.sliceMs,
      signal: this.#options.signal,
      afterStep: history && ((encoder, index) => history.encode(encoder, index)),
      ...options,
    });
  }

  /** All that this run has of its own: a table, timesteps, labels, who is conditioned on what, statics, a picture. */
  #upload(): void {
    const { plan, conditions, seed } = this.#inputs;
    const { unet, state } = this.#loop;
    const { labels, indices, guidance } = conditions;
    const { table, guidanceRescale } = plan;
    const options = { seed, guidanceScale: guidance, guidanceRescale, streamPerImage: true };
    this.#program.write(state.table, packTable(table, options));
    const timesteps = table.rows.flatMap(({ timestep }) => labels.map(() => timestep));
    this.#program.write(unet.timesteps, numbers(unet.timesteps, timesteps));
    if (unet.classLabels) {
      const classes = table.rows.flatMap(() => labels.map((label) => label ?? 0));
      this.#program.write(unet.classLabels, numbers(unet.classLabels, classes));
    }
    const position = new Uint32Array(POSITION_WORDS);
    position.set(indices, 4);
    this.#program.write(unet.position, position);
    const flag = clearedFlag(state.x);
    this.#program.write(state.x, flag.data, flag.offset);
    this.#uploadPictures();
  }

  #uploadPictures(): void {
    const { plan } = this.#inputs;
    const { noise, original, mask, state } = this.#loop;
    if (noise && plan.statics) {
      const statics = plan.statics();
      this.#program.write(noise, statics);
      this.#program.write(state.x, statics.subarray(0, paddedSizeOf(state.x.shape)));
    }
    if (original) this.#program.write(original, perPicture(original, plan.original!.samples));
    if (mask) this.#program.write(mask, perPicture(mask, plan.original!.mask!));
  }

  #draw(tensor: RecordedLoop["state"]["x"], canvas: Canvas, image?: number): void {
    const { shape } = tensor;
    drawOn(this.#program.device, canvas, { buffer: this.#program.buffer(tensor), shape }, image);
  }

  async #read(tensor: RecordedLoop["state"]["x"]): Promise<Image[]> {
    this.#readbacks++;
    const numbers = await this.#program.read(tensor);
    if (tensor === this.#loop.state.x) this.#nonfiniteRow = nonfiniteRow(tensor, numbers);
    return imagesOf(unpadRows(numbers, tensor.shape), tensor.shape);
  }

  async #history(steps: number): Promise<History> {
    const { History } = await import("../runtime/history");
    return new History(this.#program, [this.#loop.state.x, this.#loop.state.denoised], steps);
  }

  async #keptGeneration(history: History, last: Progress, start: number): Promise<Generation> {
    this.#readbacks++;
    const { keptSteps } = await import("./kept_steps");
    const { steps, end } = await keptSteps(history, this.#inputs.plan.table.rows, this.#loop.state.x.shape);
    this.#nonfiniteRow = nonfiniteRow(this.#loop.state.x, end);
    return { images: steps.at(-1)!.x, report: this.#report(last, performance.now() - start), steps };
  }

  #report(last: Progress, totalMs: number): RunReport {
    const { plan, seed, conditions, loadMs, compileMs } = this.#inputs;
    const { table, staticHash } = plan;
    const evaluations = table.rows.length;
    return {
      adapter: `${this.#adapter.vendor} ${this.#adapter.description}`.trim(),
      sampler: table.sampler,
      seed: String(seed),
      staticHash,
      steps: this.#options.steps ?? 24,
      guidance: conditions.guidance,
      evaluations,
      submits: last.submits + this.#readbacks,
      dispatches: last.dispatches,
      dispatchesPerStep: this.#program.dispatchCount("step"),
      readbacks: this.#readbacks,
      memoryBytes: this.#program.bytes,
      precision: this.#program.recording.precision,
      overflow: this.#inputs.overflow,
      ms: {
        load: loadMs,
        compile: compileMs,
        firstStep: last.firstMs,
        firstPicture: loadMs + compileMs + last.firstMs,
        laterStep: evaluations > 1 ? last.laterMs / (evaluations - 1) : 0,
        total: totalMs,
      },
    };
  }
}

/** Numbers in the type and layout of a state. */
function numbers(tensor: Tensor, values: readonly number[]) {
  return tensor.dtype === "u32" ? Uint32Array.from(values) : padRows(Float32Array.from(values), tensor.shape);
}

/** The same picture for every one of the batch. */
function perPicture(tensor: Tensor, picture: Float32Array) {
  const batch = Float32Array.from({ length: sizeOf(tensor.shape) }, (_, i) => picture[i % picture.length]!);
  return padRows(batch, tensor.shape);
}
