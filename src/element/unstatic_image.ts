/**
 * `<unstatic-image src="weights/doodle" prompt="rabbit">`: a picture that is denoised while one watches.
 *
 * Importing this module registers the element. Elements of a page share one device, one copy of each model, and take
 * turns; see shared_models.ts.
 */
import type { GenerateOptions, Generation, Image } from "../index";
import { nextFrame, orAborted } from "./abort";
import { PICTURE_ATTRIBUTES } from "./attributes";
import { ListenedElement, type RunProgress } from "./events";
import { onceInView, stopWaiting } from "./in_view";
import { type DrawingModel, inTurn, keyOf, type Lease, leaseModel } from "./shared_models";
import { type State, View } from "./view";

export type { DeviceChoice } from "../worker/remote_model";
export type { Autoplay, Show } from "./attributes";
export type { RunProgress, UnstaticImageEvents } from "./events";
export type { State } from "./view";

const PHASES = { load: "Loading", compile: "Compiling" };

export class UnstaticImage extends ListenedElement {
  static readonly observedAttributes = [...PICTURE_ATTRIBUTES, "alt", "autoplay"];

  #view: View | undefined;
  #state: State = "idle";
  #image: Image | undefined;
  #lease: Lease | undefined;
  /** The latest run; an older one may still wait for the GPU to let go. */
  #run: AbortController | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  /** The attributes ask for a picture that no run has begun. */
  #isDue = true;
  #isScheduled = false;

  get state(): State {
    return this.#state;
  }

  /** The last picture that was finished. */
  get image(): Image | undefined {
    return this.#image;
  }

  /** The canvas that is drawn on, as large as the model's pictures. Another model gets another canvas. */
  get canvas(): HTMLCanvasElement {
    return this.#shown.canvas;
  }

  /**
   * Makes a picture, as the attributes say and `options` overrule. Ends a run in progress.
   * @throws what `load` and `generate` throw, also as an `error` event; an AbortError where it is cancelled, without one.
   */
  generate(options: GenerateOptions = {}): Promise<Generation> {
    const run = new AbortController();
    this.#run?.abort();
    this.#run = run;
    this.#isDue = false;
    const signal = options.signal ? AbortSignal.any([run.signal, options.signal]) : run.signal;
    const work = this.#perform(run, { ...this.options, ...options, signal });
    // Only when, not what: the chain must not keep the pictures of earlier runs.
    this.#ended = Promise.allSettled([this.#ended, work]).then(() => {});
    return orAborted(work, signal);
  }

  /** Ends the run in progress, if any. Resolves when the GPU has let go of it; the canvas stays as it is. */
  async cancel(): Promise<void> {
    this.#run?.abort();
    await this.#ended;
  }

  connectedCallback(): void {
    this.#shown.describe(this.getAttribute("alt") ?? (this.prompt || null));
    this.#schedule();
  }

  disconnectedCallback(): void {
    stopWaiting(this);
    // An element that is moved is back at once and must not lose its run.
    queueMicrotask(() => {
      if (!this.isConnected) this.#leave();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === "alt" || name === "prompt") this.#shown.describe(this.getAttribute("alt") ?? (this.prompt || null));
    if (name !== "alt" && name !== "autoplay") this.#isDue = true;
    if (this.isConnected) this.#schedule();
  }

  get #shown(): View {
    if (!this.#view) {
      const root = this.attachShadow({ mode: "open", delegatesFocus: true });
      this.#view = new View(root, () => this.#again());
    }
    return this.#view;
  }

  #again(): void {
    this.generate().catch(() => {}); // an error event has told
  }

  /** Begins a run when `autoplay` says so; several changes of one moment make one run. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      stopWaiting(this);
      if (!this.#isDue || !this.isConnected || !this.src || this.autoplay === "off") return;
      if (this.autoplay === "now") this.#again();
      else onceInView(this, () => this.#again());
    });
  }

  async #perform(run: AbortController, options: GenerateOptions & { signal: AbortSignal }): Promise<Generation> {
    const { signal } = options;
    try {
      this.#enter("loading", run);
      const model = await orAborted(this.#leased().model, signal);
      this.#shown.note(Boolean(model.isOnCpu));
      this.#enter("waiting", run);
      const generation = await inTurn(signal, () => {
        this.#enter("loading", run); // kernels may have to be compiled
        return this.#denoise(run, model, options);
      });
      this.#image = generation.images[0];
      this.#enter("done", run);
      this.dispatchEvent(new CustomEvent("done", { detail: generation }));
      return generation;
    } catch (error) {
      if (signal.aborted) this.#enter("idle", run);
      else this.#fail(error, run);
      throw error;
    }
  }

  async #denoise(
    run: AbortController,
    model: DrawingModel,
    options: GenerateOptions & { signal: AbortSignal },
  ): Promise<Generation> {
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const [height, width] = model.size;
    const steps = model.denoise(options);
    try {
      for (;;) {
        const next = await steps.next();
        if (next.done) return next.value;
        const { value: step } = next;
        if (step.index === 0) this.#enter("running", run);
        const isLast = step.index === step.total - 1;
        this.#tell({ phase: "denoise", done: step.index + 1, total: step.total });
        if (isLast || !isStill) {
          this.#shown.prepare(model, width, height);
          step.draw(this.canvas, isLast ? "x" : this.show);
        }
        this.dispatchEvent(new CustomEvent("step", { detail: step }));
        // One step a frame can be followed by eye; in a hidden tab there are no frames, and the run waits.
        if (!isLast && (!isStill || document.hidden)) await nextFrame(options.signal);
      }
    } finally {
      await steps.return(undefined as never);
    }
  }

  /** The model that the attributes name; gives back the one that they named earlier. */
  #leased(): Lease {
    if (this.#lease?.key === keyOf(this)) return this.#lease;
    this.#giveBack(this.#lease);
    const lease = leaseModel(this, (phase, done, total) => {
      if (this.#state !== "loading") return; // news of another's run
      this.#shown.progress(PHASES[phase], done / total);
      this.#tell({ phase, done, total });
    });
    this.#lease = lease;
    lease.model.catch(() => this.#giveBack(lease)); // the next run asks anew
    return lease;
  }

  #giveBack(lease: Lease | undefined): void {
    if (!lease || this.#lease !== lease) return;
    this.#lease = undefined;
    lease.release();
  }

  #leave(): void {
    if (this.#run && this.#state !== "done") this.#isDue = true;
    const lease = this.#lease;
    this.cancel().then(() => this.isConnected || this.#giveBack(lease));
  }

  #enter(state: State, run: AbortController, message?: string): void {
    if (run !== this.#run) return; // a newer run has the word
    this.#state = state;
    this.#shown.enter(state, message);
  }

  #fail(error: unknown, run: AbortController): void {
    const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
    this.#enter(name === "UnsupportedError" ? "unsupported" : "error", run, message);
    this.dispatchEvent(new ErrorEvent("error", { error, message }));
  }

  #tell(detail: RunProgress): void {
    this.dispatchEvent(new CustomEvent("progress", { detail }));
  }
}

if (globalThis.customElements && !customElements.get("unstatic-image")) {
  customElements.define("unstatic-image", UnstaticImage);
}

declare global {
  interface HTMLElementTagNameMap {
    "unstatic-image": UnstaticImage;
  }
}
