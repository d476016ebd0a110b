/**
 * A model that runs in a worker on the CPU path, as the page sees it: the part of `Model` that draws. It must not touch
 * the engine itself; what it knows of a run, the worker has told it.
 */
import { drawSheet } from "../cpu/draw";
import { sheetOf } from "../runtime/canvas";
import type { AdapterDescription } from "../runtime/device";
import type { Generation, Step } from "../sampler/generation";
import type { Model } from "../sampler/model";
import type { GenerateOptions } from "../sampler/options";
import { check, DeviceError, InputError } from "../tensor/check";
import { errorOf, type LoadedModel, type News, type Request, type RunOptions, type StepNews } from "./messages";

export interface CpuLoadOptions {
  /** Hears how far loading weights and preparing kernels are. */
  readonly onProgress?: (phase: "load" | "compile", done: number, total: number) => void;
}

/** What a run waits for: its next step, or its end. */
type RunNews = Extract<News, { readonly type: "step" | "generation" }>;

interface Waiting {
  resolve(news: RunNews): void;
  reject(error: unknown): void;
  readonly onProgress: GenerateOptions["onProgress"];
}

/**
 * Loads a diffusers folder in a worker, where TypeScript computes what else a GPU would: slow, and for small models.
 * @throws what `load` throws; DeviceError where the page cannot have a worker.
 */
export async function loadInWorker(location: string, options: CpuLoadOptions = {}): Promise<RemoteModel> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "unstatic" });
  try {
    const loaded = await new Promise<LoadedModel>((resolve, reject) => {
      worker.onmessage = ({ data: news }: MessageEvent<News>) => {
        if (news.type === "progress") options.onProgress?.(news.phase, news.done, news.total);
        else if (news.type === "loaded") resolve(news.model);
        else if (news.type === "failed") reject(errorOf(news.failure));
      };
      worker.onerror = ({ message }) => reject(new DeviceError(`the worker does not start: ${message || worker}`));
      worker.postMessage({ type: "load", location } satisfies Request);
    });
    return new RemoteModel(worker, loaded, options);
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

export class RemoteModel implements Pick<Model, "name" | "labels" | "size" | "loadMs" | "generate" | "denoise"> {
  readonly name: string;
  readonly labels: readonly string[];
  readonly size: [height: number, width: number];
  readonly loadMs: number;
  /** Tells pages to say so. */
  readonly isOnCpu = true;
  readonly #adapter: AdapterDescription;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #runs = 0;
  #isDestroyed = false;

  constructor(worker: Worker, { name, labels, size, adapter, loadMs }: LoadedModel, { onProgress }: CpuLoadOptions) {
    this.name = name;
    this.labels = labels;
    this.size = size;
    this.loadMs = loadMs;
    this.#adapter = adapter;
    this.#worker = worker;
    worker.onmessage = ({ data: news }: MessageEvent<News>) => {
      if (news.type === "progress") onProgress?.(news.phase, news.done, news.total);
      else if (news.type !== "loaded") this.#hear(news);
    };
    worker.onerror = ({ message }) => this.#rejectAll(new DeviceError(`the worker failed: ${message}`));
  }

  async adapter(): Promise<AdapterDescription> {
    return this.#adapter;
  }

  /** @throws as `Model.generate`; on abort at once, the worker stops at the end of its step. */
  async generate(options: GenerateOptions = {}): Promise<Generation> {
    if (options.canvas) return this.#drawn(options, options.canvas);
    const run = this.#begin("generate", options);
    const news = await this.#news(run, options);
    check(news.type === "generation", () => `worker: must answer with a generation, got a ${news.type}`, DeviceError);
    return news.generation;
  }

  /** The loop, step by step; the worker computes no step before it is asked for. */
  async *denoise(options: GenerateOptions = {}): AsyncGenerator<Step, Generation> {
    const run = this.#begin("denoise", options);
    try {
      for (;;) {
        const news = this.#news(run, options);
        this.#post({ type: "next", run });
        const heard = await news;
        if (heard.type === "generation") return heard.generation;
        yield stepOf(heard.step);
      }
    } finally {
      this.#post({ type: "end", run });
    }
  }

  /** Ends the worker, in the middle of a step if need be. The model cannot be used afterwards. */
  destroy(): void {
    this.#isDestroyed = true;
    this.#worker.terminate();
    this.#rejectAll(new InputError(`${this.name}: the model was destroyed; load it again`));
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  async #drawn({ canvas: _, ...options }: GenerateOptions, canvas: NonNullable<GenerateOptions["canvas"]>) {
    const steps = this.denoise(options);
    for (;;) {
      const { done, value } = await steps.next();
      if (done) return value;
      value.draw(canvas);
    }
  }

  #begin(type: "denoise" | "generate", options: GenerateOptions): number {
    check(!this.#isDestroyed, () => `${this.name}: the model was destroyed; load it again`, InputError);
    const { signal, canvas: _, onProgress: __, ...rest } = options;
    signal?.throwIfAborted();
    const run = this.#runs++;
    this.#post({ type, run, options: rest satisfies RunOptions });
    return run;
  }

  /** What the worker next says of a run; the signal's reason as soon as it is aborted. */
  #news(run: number, { signal, onProgress }: GenerateOptions): Promise<RunNews> {
    return new Promise<RunNews>((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(run);
        this.#post({ type: "end", run });
        reject(signal!.reason);
      };
      const heard = () => signal?.removeEventListener("abort", abort);
      this.#waiting.set(run, {
        onProgress,
        resolve: (news) => {
          heard();
          resolve(news);
        },
        reject: (error) => {
          heard();
          reject(error);
        },
      });
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #hear(news: Exclude<News, { readonly type: "progress" | "loaded" }>): void {
    if (news.run === undefined) return;
    const waiting = this.#waiting.get(news.run);
    if (news.type === "done") {
      waiting?.onProgress?.(news.done, news.total);
      return;
    }
    this.#waiting.delete(news.run);
    if (news.type === "failed") waiting?.reject(errorOf(news.failure));
    else waiting?.resolve(news);
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #post(request: Request): void {
    if (!this.#isDestroyed) this.#worker.postMessage(request);
  }
}

function stepOf({ x, x0, ...rest }: StepNews): Step {
  return {
    ...rest,
    x: async () => [...x],
    x0: async () => [...x0],
    draw: (canvas, what = "x", image) => {
      const pictures = what === "x" ? x : x0;
      const chosen = image === undefined ? pictures : pictures.slice(image, image + 1);
      check(
        chosen.length > 0,
        () => `draw: image must be a number from 0 to ${pictures.length - 1}, got ${image}`,
        InputError,
      );
      drawSheet(canvas, chosen, sheetOf(chosen.length)[0]);
    },
  };
}
