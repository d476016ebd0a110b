/**
 * A loaded model: what the user meets. Joins checkpoint, network, sampler table and runtime into the reverse-diffusion
 * loop; everything between the first static and the last picture stays on the GPU.
 */
import { sourcesOf } from "../checkpoint/checkpoint";
import type { Folder, FolderOptions } from "../checkpoint/folder";
import type { Chooser } from "../kernels/choices";
import type { UNet2DConfig } from "../models/unet_2d_config";
import { loadWeights } from "../models/weights";
import type { Precision } from "../recording/recording";
import type { AdapterDescription, Device } from "../runtime/device";
import type { Scheduler } from "../schedulers/registry";
import { check, InputError, NumericError } from "../tensor/check";
import type { Shape } from "../tensor/shape";
import { conditionsOf } from "./conditions";
import { describeModel, type ModelDescription } from "./description";
import { Engine, type WeightLoader } from "./engine";
import type { ForwardInput, ForwardOutput } from "./forward";
import { type Generation, Run, type Step } from "./generation";
import { rareKernels, recordForward, recordLoop } from "./network";
import { checkOptions, type GenerateOptions } from "./options";
import { planOf } from "./plan";
import { type PrecisionOptions, precisionOf } from "./precision";
import type { Tuning } from "./tuning";

export interface LoadOptions extends PrecisionOptions, FolderOptions {
  /**
   * Gives the device to run on, in place of one of the model's own, so that several models share one. Asked again once
   * that device is lost; `destroy` frees what the model holds there and leaves the device alone.
   */
  readonly device?: () => Promise<Device>;
  /** A WebGPU implementation in place of the page's or Dawn's. */
  readonly gpu?: GPU;
  /** WebGPU's default limits and no optional feature, whatever the adapter offers. */
  readonly baseline?: boolean;
  /** What `tune` found on this adapter and software; what it does not know goes by the engine's own table. */
  readonly tuning?: Tuning;
  /** SHA-256 of the weights' file, in hexadecimal: `load` throws where it is another. */
  readonly sha256?: string;
  /** Hears how far loading weights (in bytes) and compiling kernels are. */
  readonly onProgress?: (phase: "load" | "compile", done: number, total: number) => void;
}

/** Pictures are square and this large where neither the model nor the user says otherwise. */
const DEFAULT_SIZE = 32;

export class Model {
  readonly name: string;
  readonly config: UNet2DConfig;
  /** What prompts may name; empty for a model without named classes. */
  readonly labels: readonly string[];
  /** Milliseconds from the call of `load` to weights on the GPU. */
  loadMs = 0;
  readonly #folder: Folder;
  readonly #scheduler: Scheduler;
  #precision: Precision;
  /** The layer that was beyond f16, after which the model went on in f32. */
  #overflow: string | null = null;
  readonly #options: LoadOptions;
  #engine: Promise<Engine> | undefined;
  /** Runs of one model share its buffers, so they wait for each other. */
  #queue: Promise<unknown> = Promise.resolve();
  #isDestroyed = false;

  constructor(folder: Folder, config: UNet2DConfig, scheduler: Scheduler, options: LoadOptions) {
    this.name = folder.name;
    this.config = config;
    this.labels = folder.labels?.labels ?? [];
    this.#folder = folder;
    this.#scheduler = scheduler;
    this.#precision = precisionOf(options, folder.checkpoint);
    this.#options = options;
  }

  /** Opens the device and uploads the weights, so that the first generation only has to compile. */
  async warm(): Promise<void> {
    const engine = await this.#openEngine();
    let parameters: ReadonlyMap<string, Shape> = new Map();
    const record = () => {
      const recorded = recordForward(this.name, this.config, 1, ...this.size, this.#precision);
      parameters = recorded.ends.parameters;
      return recorded;
    };
    await engine.recorded(record, (missing, upload) => this.#weightLoader(parameters)(missing, upload));
  }

  /** Height and width that the model was trained for. */
  get size(): [height: number, width: number] {
    const [height, width] = this.config.sampleSize ?? [DEFAULT_SIZE, DEFAULT_SIZE];
    return [height, width];
  }

  /** The adapter that runs the model. */
  async adapter(): Promise<AdapterDescription> {
    return (await this.#openEngine()).device.adapter;
  }

  /**
   * Layers, shapes, parameters, FLOPs, dispatches and memory, for one picture. Needs no device; given what
   * `adapter()` says, it describes the algorithms chosen there, else those that need the fewest dispatches.
   */
  describe(adapter?: AdapterDescription): ModelDescription {
    return describeModel(this.name, this.config, this.#scheduler.name, this.size, adapter);
  }

  /**
   * From static to pictures: the whole loop on the GPU, one readback at the end. Where f16 was asked for and a layer left
   * its range, the pictures are made again in f32, and so are all later ones; `report.overflow` names the layer.
   * @throws InputError for options that cannot be meant, NumericError for NaN and infinity, DeviceError where the device is
   * lost, the signal's reason when aborted.
   */
  generate(options: GenerateOptions = {}): Promise<Generation> {
    const generate = async () => {
      const run = await this.#start(options);
      const generation = await run.finish();
      await this.#checkFinite(run, options);
      return generation;
    };
    return this.#exclusive(() => generate().catch((error: unknown) => this.#retryInF32(error, generate)));
  }

  /**
   * A generation made ready but not run - compiled, inputs uploaded - and what holds it: for the benchmark. With
   * `isOpen` its program is the caller's own to destroy, and no two activations share memory: for the probe; `choose`
   * then has the choice of algorithms: for the tuner.
   */
  prepare(options: GenerateOptions = {}, isOpen = false, choose?: Chooser): Promise<{ run: Run; engine: Engine }> {
    return this.#exclusive(async () => ({
      run: await this.#start(options, isOpen, choose),
      engine: await this.#openEngine(),
    }));
  }

  /**
   * The loop, step by step: yields after each one, with x_t and the predicted x0 to look at. Where f16 was asked for and a
   * layer left its range, the steps come once more from the first on, in f32. Runs of one model wait for each other: who
   * stops early must end the iteration (`break` does, by hand `return()`).
   */
  async *denoise(options: GenerateOptions = {}): AsyncGenerator<Step, Generation> {
    let release = () => {};
    const turn = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = this.#queue;
    this.#queue = turn;
    try {
      await before.catch(() => {});
      for (;;) {
        const run = await this.#start(options);
        const generation = yield* run.steps();
        try {
          await this.#checkFinite(run, options);
          return generation;
        } catch (error) {
          await this.#retryInF32(error, async () => {});
        }
      }
    } finally {
      release();
    }
  }

  /** One evaluation of the network on tensors of the caller's. */
  forward(input: ForwardInput): Promise<ForwardOutput> {
    return this.#exclusive(async () => {
      const { runForward } = await import("./forward");
      const engine = await this.#openEngine();
      const loaderFor = (parameters: ReadonlyMap<string, Shape>) => this.#weightLoader(parameters);
      const forward = () => runForward(this.name, this.config, this.#precision, engine, input, loaderFor);
      return forward().catch((error: unknown) => this.#retryInF32(error, forward));
    });
  }

  /** Frees everything on the GPU. The model cannot be used afterwards. */
  destroy(): void {
    this.#isDestroyed = true;
    this.#engine?.then((engine) => engine.destroy()).catch(() => {});
    this.#engine = undefined;
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  /** Where f16 was too small for a layer, the model goes on in f32, and says so in its reports; other errors are thrown on. */
  #retryInF32<T>(error: unknown, again: () => Promise<T>): Promise<T> {
    if (!(error instanceof NumericError) || this.#precision.activations === "f32") throw error;
    this.#precision = { ...this.#precision, activations: "f32" };
    this.#overflow = error.layer;
    return again();
  }

  /** Throws, naming the layer, where a run that is over held a NaN or an infinity. */
  async #checkFinite({ nonfiniteRow, evaluations }: Run, options: GenerateOptions): Promise<void> {
    if (nonfiniteRow === null) return;
    const { nonfiniteError } = await import("./nonfinite");
    const run = await this.#start(options, true);
    try {
      await run.replayTo(nonfiniteRow);
      throw await nonfiniteError(this.name, run.program, nonfiniteRow, evaluations);
    } finally {
      run.program.destroy();
    }
  }

  async #start(options: GenerateOptions, isOpen = false, choose?: Chooser): Promise<Run> {
    const checked = checkOptions(options);
    const conditions = conditionsOf(this.config, this.#folder.labels, options);
    const [height, width] = this.size;
    const { count, guided, labels } = conditions;
    const plan = await planOf(this.#scheduler, options, checked, count, [height, width, this.config.inChannels]);
    const shape = {
      count,
      height,
      width,
      rows: plan.table.rows.length,
      slots: plan.table.slots,
      conditions: labels.length,
      guided,
      rescales: guided && plan.guidanceRescale > 0,
      thresholds: plan.table.threshold !== null,
      hostDraws: plan.hostDraws,
      startsFromPicture: plan.startsFromPicture,
      masks: plan.original?.mask !== undefined,
      precision: this.#precision,
    };
    const engine = await this.#openEngine();
    const start = performance.now();
    let parameters: ReadonlyMap<string, Shape> = new Map();
    const record = async () => {
      const recorded = recordLoop(this.name, this.config, shape, await rareKernels(shape));
      parameters = recorded.ends.unet.parameters;
      return recorded;
    };
    const loader: WeightLoader = (missing, upload) => this.#weightLoader(parameters)(missing, upload);
    const onCompiled = (done: number, total: number) => this.#options.onProgress?.("compile", done, total);
    const { program, ends } = isOpen
      ? await engine.openProgram(record, loader, onCompiled, choose)
      : await engine.program(JSON.stringify(shape), record, loader, onCompiled);
    const compileMs = performance.now() - start;
    const { seed, sliceMs } = checked;
    const inputs = { plan, conditions, seed, sliceMs, loadMs: this.loadMs, compileMs, overflow: this.#overflow };
    return new Run(program, ends, inputs, options, engine.device.adapter);
  }

  #weightLoader(parameters: ReadonlyMap<string, Shape>): WeightLoader {
    return async (missing, upload) => {
      const { checkpoint } = this.#folder;
      const { onProgress, sha256 } = this.#options;
      const uploadNext: typeof upload = (weight, packed) => {
        this.#checkAlive(); // it may have been destroyed while the bytes were on their way
        return upload(weight, packed);
      };
      await loadWeights(missing, parameters, checkpoint, uploadNext, (done, total) =>
        onProgress?.("load", done, total),
      );
      if (sha256 !== undefined) await (await import("../checkpoint/digest")).checkDigest(checkpoint, sha256);
      await release(this.#folder);
    };
  }

  #checkAlive(): void {
    check(!this.#isDestroyed, () => `${this.name}: the model was destroyed; load it again`, InputError);
  }

  /** A fresh engine; before f16 is used on it, it is tried. */
  async #newEngine(): Promise<Engine> {
    const engine = await Engine.open(this.#options);
    // A CPU has memory to spare, pays for unpacking, and builds its largest kernels once more for it.
    const unpacks = engine.device.adapter.kind === "cpu" && !this.#options.weights;
    if (unpacks) this.#precision = { ...this.#precision, weights: "f32" };
    if (this.#precision.activations === "f16") await (await import("./half_check")).checkHalf(engine);
    return engine;
  }

  async #openEngine(): Promise<Engine> {
    this.#checkAlive();
    const opened = this.#engine;
    const engine = await opened?.catch(() => undefined);
    // Of several callers that find the device lost, the first opens the next.
    if (this.#engine === opened && !engine?.device.isAlive) this.#engine = this.#newEngine();
    return this.#engine!;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.catch(() => {}).then(work);
    this.#queue = result.catch(() => {});
    return result;
  }
}

/** Gives up what reading the weights holds: they are on the GPU. */
export async function release({ checkpoint }: Folder): Promise<void> {
  await Promise.all(sourcesOf(checkpoint).map((source) => source.release?.()));
}
