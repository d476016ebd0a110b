/** The page's one model: fetched when a view first needs it, kept for all of them. */
import { load, type Model } from "../index";

/** Beside the page, wherever it is served from. */
export const WEIGHTS = new URL("weights/doodle", document.baseURI).href;

export type Phase = "load" | "compile";
export type ProgressListener = (phase: Phase, done: number, total: number) => void;

export class SharedModel {
  #model: Promise<Model> | undefined;
  readonly #listeners = new Set<ProgressListener>();

  /** The model, loaded now or before. A failure is not kept: asking again tries again. */
  get(): Promise<Model> {
    this.#model ??= this.#load();
    return this.#model;
  }

  /** Hears how far loading and compiling are, until the signal ends it. */
  listen(listener: ProgressListener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  async #load(): Promise<Model> {
    const onProgress: ProgressListener = (...news) => {
      for (const listener of this.#listeners) listener(...news);
    };
    try {
      return await load(WEIGHTS, { onProgress });
    } catch (error) {
      this.#model = undefined;
      throw error;
    }
  }
}
