/** The page's one model: fetched when a view first needs it, kept for all of them. */
import { load, type Model } from "../index";
import { tuningInUse } from "./tuned";

/** Beside the page, wherever it is served from. */
export const WEIGHTS = new URL("weights/doodle", document.baseURI).href;

export type Phase = "load" | "compile";
export type ProgressListener = (phase: Phase, done: number, total: number) => void;

export class SharedModel {
  #model: Promise<Model> | undefined;
  #cpu: Promise<GPU> | undefined;
  readonly #listeners = new Set<ProgressListener>();
  #isTuned = false;

  /** The model, loaded now or before. A failure is not kept: asking again tries again. */
  get(): Promise<Model> {
    this.#model ??= this.#load();
    return this.#model;
  }

  /** Whether the model goes by what was tuned in this browser. */
  get isTuned(): boolean {
    return this.#isTuned;
  }

  /** Gives the model up: whoever asks next gets one by the settings of then. */
  renew(): void {
    const old = this.#model;
    this.#model = undefined;
    old?.then((model) => model.destroy()).catch(() => {});
  }

  /** Hears how far loading and compiling are, until the signal ends it. */
  listen(listener: ProgressListener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  /** What stands in for WebGPU where the browser has none: the processor itself. Undefined where it is not needed. */
  async gpu(): Promise<GPU | undefined> {
    const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
    if (adapter) return undefined;
    this.#cpu ??= import("../cpu/index").then(({ cpu }) => cpu());
    return this.#cpu;
  }

  async #load(): Promise<Model> {
    const onProgress: ProgressListener = (...news) => {
      for (const listener of this.#listeners) listener(...news);
    };
    try {
      const gpu = await this.gpu();
      const tuning = gpu ? undefined : tuningInUse();
      this.#isTuned = tuning !== undefined;
      return await load(WEIGHTS, { onProgress, ...(gpu && { gpu }), ...(tuning && { tuning }) });
    } catch (error) {
      this.#model = undefined;
      throw error;
    }
  }
}
