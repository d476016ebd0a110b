/**
 * A probe: one generation held still at a step of its choice, so that every number in it can be looked at.
 *
 * The room `probe` joins the sampler's loop with the runtime's means of inspection, for views that explain a network and
 * for whoever hunts a wrong number. It must not know which kernels or layers there are: what it says, it reads off the
 * recording. No two activations share memory here, so whatever the step computed is still there after it. Only what
 * changes from step to step (the sample, the counter) is overwritten; it is saved before every step, and brought back to
 * what a dispatch found by putting the saved numbers back and running again those few that write it.
 */
import { type DispatchTime, timeDispatches } from "../bench/dispatch_times";
import { trafficOf } from "../bench/traffic";
import { CPU_NAME } from "../cpu/name";
import type { RecordedDispatch, Recording, Tensor } from "../recording/recording";
import { runDispatches, runSections, Saved } from "../runtime/inspection";
import type { Program } from "../runtime/program";
import { type Clock, openClock } from "../runtime/timing";
import type { Engine } from "../sampler/engine";
import type { Run } from "../sampler/generation";
import type { Model } from "../sampler/model";
import type { GenerateOptions } from "../sampler/options";
import { check, DeviceError, InputError } from "../tensor/check";
import { unpadRows } from "../tensor/shape";
import { AttentionMap, isAttention } from "./attention_map";
import { type Layer, layersOf } from "./layers";
import { Queue } from "./queue";
import { quickClock } from "./quick_clock";
import { Trial } from "./trial";

const OPENING = ["prepare", "start"];

/** A tensor read back: row-major, without padding. */
export interface TensorValues {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Opens a probe on a generation with `options`; it stands at pure static until `goTo`. */
export async function openProbe(model: Model, options: GenerateOptions = {}): Promise<Probe> {
  const { run, engine } = await model.prepare(options, true);
  return new Probe(run, engine);
}

export class Probe {
  /** Every dispatch: those before the loop, then those of a step. */
  readonly layers: readonly Layer[];
  /** Evaluations of the network in the whole generation. */
  readonly steps: number;
  readonly #engine: Engine;
  readonly #program: Program;
  /** What outlives a step and is written in it, before the steps visited so far. */
  readonly #changing: readonly Tensor[];
  readonly #before: Saved[] = [];
  #clock: Clock | undefined;
  #step = -1;
  readonly #queue = new Queue();

  constructor(run: Run, engine: Engine) {
    this.#program = run.program;
    this.#engine = engine;
    this.steps = run.evaluations;
    const { recording } = run.program;
    this.layers = layersOf(recording, trafficOf(recording));
    this.#changing = changingTensors(recording);
  }

  /** Whether the device runs WGSL: where TypeScript stands in for a GPU, no other text can be tried. */
  get runsWgsl(): boolean {
    return this.#program.device.adapter.description !== CPU_NAME;
  }

  /** The step that was run last; its numbers are what `read` gives. -1 before any. */
  get step(): number {
    return this.#step;
  }

  /** Runs to step `step`, from the nearest one that was visited before. `onStep` hears of every step. */
  goTo(
    step: number,
    { signal, onStep }: { readonly signal?: AbortSignal; readonly onStep?: (step: number) => void } = {},
  ): Promise<void> {
    check(
      Number.isInteger(step) && step >= 0 && step < this.steps,
      () => `step: must be an integer from 0 to ${this.steps - 1}, got ${step}`,
      InputError,
    );
    return this.#queue.run(async () => {
      if (this.#before.length === 0) {
        await runSections(this.#program, OPENING);
        this.#before.push(new Saved(this.#program, this.#changing));
      }
      let next = Math.min(step, this.#before.length - 1);
      if (this.#step !== next - 1) this.#before[next]!.restore(this.#program);
      for (; next <= step; next++) {
        signal?.throwIfAborted();
        if (next === this.#before.length) this.#before.push(new Saved(this.#program, this.#changing));
        await runSections(this.#program, ["step"]);
        this.#step = next;
        onStep?.(next);
      }
    });
  }

  /** Reads what layer `index` read or wrote under the name `binding`, as it was when the layer had run. */
  read(index: number, binding: string): Promise<TensorValues> {
    const dispatch = this.#dispatch(index);
    const tensor = dispatch.writes[binding] ?? dispatch.reads[binding];
    check(tensor, () => `${dispatch.label}: has no binding '${binding}'`, InputError);
    check(
      tensor.kind !== "weight" && tensor.dtype !== "u32",
      () => `${dispatch.label}: '${binding}' must be an activation or a state of numbers`,
      InputError,
    );
    return this.#queue.run(async () => {
      const moves = this.#changing.includes(tensor);
      const place = this.#stepDispatches().indexOf(dispatch);
      if (moves && place >= 0) await this.#writeAgain(binding in dispatch.writes ? place + 1 : place);
      const values = unpadRows(await this.#program.read(tensor), tensor.shape);
      if (moves && place >= 0) await this.#writeAgain(Infinity);
      return { shape: tensor.shape, values };
    });
  }

  /** Where an attention layer looks. @throws InputError for another layer. */
  attention(index: number): Promise<AttentionMap> {
    const dispatch = this.#dispatch(index);
    const { q, k } = dispatch.reads;
    check(q && k && isAttention(dispatch), () => `${dispatch.label}: must be an attention`, InputError);
    return this.#queue.run(async () => {
      const queries = await this.#program.read(q);
      return new AttentionMap(dispatch, queries, q.id === k.id ? queries : await this.#program.read(k));
    });
  }

  /** Whether `attention` has something to show for a layer. */
  isAttention(index: number): boolean {
    return isAttention(this.#dispatch(index));
  }

  /** Times every dispatch of a step alone, `rounds` times over; in the order of the step's layers. */
  time(rounds: number, onRound?: (done: number) => void): Promise<DispatchTime[]> {
    return this.#queue.run(async () => {
      this.#clock ??= quickClock(await openClock(this.#program.device));
      const restart = async () => {
        this.#saved().restore(this.#program);
        return this.#program;
      };
      const times = await timeDispatches(this.#clock, "step", rounds, restart, onRound);
      // Every dispatch ran on numbers of other moments: once more in order, so that what is read next is right.
      await restart();
      await runSections(this.#program, ["step"]);
      return times;
    });
  }

  /** Puts a layer on trial; whoever asked destroys the trial. */
  trial(index: number): Promise<Trial> {
    const dispatch = this.#dispatch(index);
    check(
      this.runsWgsl,
      () => `${dispatch.label}: a trial needs a device that runs WGSL, got ${CPU_NAME}`,
      DeviceError,
    );
    return this.#queue.run(async () => {
      this.#clock ??= quickClock(await openClock(this.#program.device));
      const place = this.#stepDispatches().indexOf(dispatch);
      if (place >= 0) await this.#writeAgain(place);
      const trial = await Trial.open(this.#program, dispatch, this.#engine, this.#clock, this.#queue);
      if (place >= 0) await this.#writeAgain(Infinity);
      return trial;
    });
  }

  /** Frees all that the probe holds once the work under way is done, refuses what waits; the model stays. */
  destroy(): void {
    this.#queue.close();
    this.#queue.free(() => {
      this.#clock?.destroy();
      for (const saved of this.#before) saved.destroy();
      this.#program.destroy();
    });
  }

  #dispatch(index: number): RecordedDispatch {
    const dispatch = this.#program.recording.dispatches[index];
    check(dispatch, () => `layer: must be one of ${this.layers.length}, got ${index}`, InputError);
    return dispatch;
  }

  #saved(): Saved {
    const saved = this.#before[this.#step];
    check(saved, () => "probe: needs a step to look at; call goTo first", InputError);
    return saved;
  }

  /** Brings what changes to where it was before dispatch `end` of the step: those that write it run again. */
  async #writeAgain(end: number): Promise<void> {
    this.#saved().restore(this.#program);
    const changing = new Set(this.#changing);
    const writers = this.#stepDispatches().flatMap(({ writes }, i) =>
      i < end && Object.values(writes).some((tensor) => changing.has(tensor)) ? [i] : [],
    );
    if (writers.length > 0) await runDispatches(this.#program, "step", writers);
  }

  #stepDispatches(): RecordedDispatch[] {
    return this.#program.recording.dispatches.filter(({ section }) => section === "step");
  }
}

/** The tensors whose numbers a step overwrites: states that it writes, and activations that it writes twice. */
function changingTensors(recording: Recording): Tensor[] {
  const writes = recording.dispatches
    .filter(({ section }) => section === "step")
    .flatMap((dispatch) => Object.values(dispatch.writes));
  return [...new Set(writes)].filter(
    (tensor) => tensor.kind === "state" || writes.filter((other) => other === tensor).length > 1,
  );
}
