/**
 * What a loaded model holds on one device: pipelines, weights and the programs made lately.
 *
 * A lost device takes all of it along; the model then makes a new engine and goes on.
 */
import type { Chooser } from "../kernels/choices";
import { chooseAlgorithms, fetchAlgorithms } from "../kernels/variants";
import type { Recording, Weight } from "../recording/recording";
import { fetchCode } from "../recording/shader";
import { type Device, type DeviceOptions, openDevice } from "../runtime/device";
import { Pipelines } from "../runtime/pipelines";
import { Program } from "../runtime/program";
import { Weights } from "../runtime/weights";
import type { Tuning } from "./tuning";

/** Uploads the weights that are not there yet. */
export type WeightLoader = (
  missing: readonly Weight[],
  upload: (weight: Weight, packed: Float32Array<ArrayBuffer>) => Promise<void>,
) => Promise<void>;

/** Makes a program's recording. */
type Recorder<Ends> = () => Recorded<Ends> | Promise<Recorded<Ends>>;

interface Recorded<Ends> {
  readonly recording: Recording;
  readonly ends: Ends;
}

/** Programs kept for the next run: one to generate with, one for a forward pass or another batch. */
const PROGRAMS_KEPT = 2;

export interface EngineOptions extends DeviceOptions {
  /** What the tuner found; adapters and shapes that it does not know go by the table. */
  readonly tuning?: Tuning;
  /**
   * Gives the device to run on, in place of one of the model's own, so that several models share one. Asked again once
   * that device is lost; destroying the model frees what it holds there and leaves the device alone.
   */
  readonly device?: () => Promise<Device>;
}

interface Kept<Ends> {
  readonly program: Program;
  /** The tensors that the caller needs again: inputs, outputs, states. */
  readonly ends: Ends;
}

export class Engine {
  readonly device: Device;
  readonly pipelines: Pipelines;
  readonly weights: Weights;
  readonly #programs = new Map<string, Kept<unknown>>();
  readonly #ownsDevice: boolean;
  readonly #choose: Chooser | undefined;

  constructor(device: Device, ownsDevice = true, choose?: Chooser) {
    this.device = device;
    this.#ownsDevice = ownsDevice;
    this.#choose = choose;
    this.pipelines = new Pipelines(device);
    this.weights = new Weights(device);
  }

  static async open({ device: given, tuning, ...options }: EngineOptions): Promise<Engine> {
    const device = await (given ? given() : openDevice(options));
    await fetchAlgorithms(device.adapter);
    // Most pages do without.
    return new Engine(device, !given, tuning && (await (await import("./tuning")).chooserFor(tuning, device.adapter)));
  }

  /** Bytes of GPU memory: weights and programs. */
  get bytes(): number {
    return [...this.#programs.values()].reduce((sum, { program }) => sum + program.bytes, this.weights.bytes);
  }

  /** The program of `key`; records, loads weights, compiles and allocates where it is not kept from before. */
  async program<Ends>(
    key: string,
    record: Recorder<Ends>,
    loadWeights: WeightLoader,
    onCompiled?: (done: number, total: number) => void,
  ): Promise<Kept<Ends>> {
    const kept = this.#programs.get(key) as Kept<Ends> | undefined;
    this.#programs.delete(key);
    if (kept) {
      this.#programs.set(key, kept); // last in the map is latest used
      return kept;
    }
    const { recording, ends } = await this.recorded(record, loadWeights);
    for (const [oldest, { program }] of this.#programs) {
      if (this.#programs.size < PROGRAMS_KEPT) break;
      this.#programs.delete(oldest);
      program.destroy();
    }
    const program = await Program.create(this.device, this.pipelines, this.weights, recording, onCompiled);
    const made = { program, ends };
    this.#programs.set(key, made);
    return made;
  }

  /** A program of the caller's own, who destroys it: no two activations share memory, so that every number can be read. */
  async openProgram<Ends>(
    record: Recorder<Ends>,
    loadWeights: WeightLoader,
    onCompiled?: (done: number, total: number) => void,
    choose?: Chooser,
  ): Promise<Kept<Ends>> {
    const { recording, ends } = await this.recorded(record, loadWeights, choose);
    const options = { sharesMemory: false };
    return {
      program: await Program.create(this.device, this.pipelines, this.weights, recording, onCompiled, options),
      ends,
    };
  }

  /** Frees the device where it is the engine's own; else what the engine made on it. */
  destroy(): void {
    if (this.#ownsDevice) this.device.destroy();
    for (const { program } of this.#programs.values()) program.destroy();
    this.weights.destroy();
    this.#programs.clear();
  }

  /** A recording in the algorithms that suit the adapter, or that `choose` wants, its weights uploaded. */
  async recorded<Ends>(record: Recorder<Ends>, loadWeights: WeightLoader, choose = this.#choose) {
    const { recording, ends } = await record();
    chooseAlgorithms(recording, this.device.adapter, choose);
    await fetchCode(recording.dispatches.map(({ shader }) => shader));
    const { weights, activations } = recording.precision;
    const halves = activations === "f16" ? await import("../kernels/half_activations") : undefined;
    if (halves || weights !== "f32") (await import("../kernels/formats")).applyFormats(recording, halves?.withHalves);
    // Kernels compile while weights arrive. Whoever makes a program of this waits for them, and hears what went wrong.
    for (const dispatch of recording.dispatches) this.pipelines.get(dispatch).catch(() => {});
    const missing = recording.weights.filter((weight) => !this.weights.has(weight));
    if (missing.length > 0) await loadWeights(missing, (weight, packed) => this.weights.upload(weight, packed));
    return { recording, ends };
  }
}
