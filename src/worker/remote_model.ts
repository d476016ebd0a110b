/**
 * `unstatic/worker`: a model that loads, compiles and draws in a worker, as the page sees it: the part of `Model` that
 * draws. It must not touch the engine itself, which a page then never fetches; what it knows of a run, the worker has
 * told it.
 */
import type { Canvas } from "../runtime/canvas";
import type { AdapterDescription } from "../runtime/device";
import type { Generation, Step } from "../sampler/generation";
import type { LoadOptions, Model } from "../sampler/model";
import type { GenerateOptions } from "../sampler/options";
import { type Announcement, Connection } from "./connection";
import type { Failure, LoadedModel, StepNews } from "./messages";

/** What draws: the GPU, or the CPU where the browser has no WebGPU; the GPU or nothing; the CPU whatever there is. */
export type DeviceChoice = "auto" | "gpu" | "cpu";

export interface WorkerOptions extends Omit<LoadOptions, "device" | "gpu"> {
  /** "auto" unless given. */
  readonly device?: DeviceChoice;
}

/**
 * Loads a diffusers folder in a worker, with a device of its own: nothing of it takes the page's time.
 * @throws what `load` throws; UnsupportedError where only the GPU may draw and workers have no WebGPU.
 */
export async function loadInWorker(location: string, options: WorkerOptions = {}): Promise<RemoteModel> {
  const { device = "auto", ...rest } = options;
  if (device === "gpu" || (device === "auto" && navigator.gpu)) {
    try {
      const worker = new Worker(new URL("./gpu_worker.ts", import.meta.url), { type: "module", name: "unstatic" });
      return await open(worker, location, rest);
    } catch (error) {
      if (device === "gpu" || (error as Error).name !== "UnsupportedError") throw error;
    }
  }
  const worker = new Worker(new URL("./cpu_worker.ts", import.meta.url), { type: "module", name: "unstatic" });
  return open(worker, location, rest, true);
}

async function open(
  worker: Worker,
  location: string,
  { onProgress, signal, ...options }: Omit<WorkerOptions, "device">,
  isOnCpu = false,
): Promise<RemoteModel> {
  const runs = new RunListeners();
  const connection = new Connection(worker, (news) => {
    if (news.type === "progress") onProgress?.(news.phase, news.done, news.total);
    else runs.hear(news);
  });
  const abort = () => connection.close({ name: "AbortError", message: "loading was aborted" });
  try {
    // To the worker, a relative address would be relative to its script.
    const address = location.startsWith("hf:") ? location : new URL(location, document.baseURI).href;
    const loaded = await orAborted(connection.ask({ type: "load", location: address, options }), signal, abort);
    return new RemoteModel(connection, runs, loaded, isOnCpu);
  } catch (error) {
    abort();
    throw error;
  }
}

/** Who wants to hear how far a run is. */
class RunListeners extends Map<number, GenerateOptions["onProgress"]> {
  hear({ run, done, total }: Extract<Announcement, { readonly type: "done" }>): void {
    this.get(run)?.(done, total);
  }
}

export class RemoteModel implements Pick<Model, "name" | "labels" | "size" | "loadMs" | "generate" | "denoise"> {
  readonly name: string;
  readonly labels: readonly string[];
  readonly size: [height: number, width: number];
  readonly loadMs: number;
  /** Tells pages to say so. */
  readonly isOnCpu: boolean;
  readonly #adapter: AdapterDescription;
  readonly #connection: Connection;
  readonly #listeners: RunListeners;
  readonly #canvases = new WeakMap<Canvas, number>();
  /** A canvas that the page has lost would live on in the worker. */
  readonly #lost = new FinalizationRegistry((canvas: number) => this.#connection.tell({ type: "forget", canvas }));
  #runCount = 0;
  #canvasCount = 0;

  constructor(connection: Connection, listeners: RunListeners, loaded: LoadedModel, isOnCpu: boolean) {
    this.name = loaded.name;
    this.labels = loaded.labels;
    this.size = loaded.size;
    this.loadMs = loaded.loadMs;
    this.isOnCpu = isOnCpu;
    this.#adapter = loaded.adapter;
    this.#connection = connection;
    this.#listeners = listeners;
  }

  async adapter(): Promise<AdapterDescription> {
    return this.#adapter;
  }

  /**
   * As `Model.generate`. The canvas becomes the worker's with its first picture: it must have its size by then, and never
   * have had a context.
   * @throws as `Model.generate`; on abort at once, the worker stops with its submit.
   */
  async generate(options: GenerateOptions = {}): Promise<Generation> {
    const { signal, canvas, onProgress, ...rest } = options;
    signal?.throwIfAborted();
    const run = this.#begin(onProgress);
    const surface = canvas && this.#numberOf(canvas);
    try {
      const answer = this.#connection.ask({ type: "generate", run, options: rest, canvas: surface });
      return await orAborted(answer, signal, () => this.#end(run));
    } finally {
      this.#listeners.delete(run);
    }
  }

  /** The loop, step by step; the worker computes no step before it is asked for. `draw` takes canvases as `generate` does. */
  async *denoise(options: GenerateOptions = {}): AsyncGenerator<Step, Generation> {
    const { signal, canvas: _, onProgress, ...rest } = options;
    signal?.throwIfAborted();
    const run = this.#begin(onProgress);
    this.#connection.tell({ type: "denoise", run, options: rest });
    try {
      for (;;) {
        const next = await orAborted(this.#connection.ask({ type: "next", run }), signal, () => this.#end(run));
        if (next.done) return next.value;
        yield this.#stepOf(run, next.value);
      }
    } finally {
      this.#end(run);
      this.#listeners.delete(run);
    }
  }

  /** Ends the worker, in the middle of a step if need be, and frees all that it holds. The model cannot be used afterwards. */
  destroy(): void {
    const message = `${this.name}: the model was destroyed; load it again`;
    this.#connection.close({ name: "InputError", message } satisfies Failure);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #begin(onProgress: GenerateOptions["onProgress"]): number {
    const run = this.#runCount++;
    this.#listeners.set(run, onProgress);
    return run;
  }

  #end(run: number): void {
    this.#connection.tell({ type: "end", run });
  }

  #stepOf(run: number, news: StepNews): Step {
    const read = async (what: "x" | "x0") => [...(await this.#connection.ask({ type: "read", run, what }))];
    return {
      ...news,
      x: () => read("x"),
      x0: () => read("x0"),
      draw: (canvas, what = "x", image) => {
        this.#connection.tell({ type: "draw", run, canvas: this.#numberOf(canvas), what, image });
      },
    };
  }

  /** What the worker knows a canvas by; it gets control of one that it does not know yet. */
  #numberOf(canvas: Canvas): number {
    const known = this.#canvases.get(canvas);
    if (known !== undefined) return known;
    const number = this.#canvasCount++;
    const surface = "transferControlToOffscreen" in canvas ? canvas.transferControlToOffscreen() : canvas;
    this.#connection.tell({ type: "take", canvas: number, surface }, [surface]);
    this.#canvases.set(canvas, number);
    this.#lost.register(canvas, number);
    return number;
  }
}

/** The answer, or the signal's reason as soon as it is aborted; `abort` tells the worker. */
function orAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined, abort: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      abort();
      reject(signal!.reason);
    };
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    answer.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
  });
}
