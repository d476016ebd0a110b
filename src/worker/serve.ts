/**
 * The worker's side: does what the page asks. One worker holds one model with its device; the page ends the worker to
 * free all of it.
 */
import type { Step } from "../sampler/generation";
import type { LoadOptions, Model } from "../sampler/model";
import { check, InputError } from "../tensor/check";
import { type Answers, failureOf, type News, type Request } from "./messages";

/** A run in progress, and what ends it. */
interface Run {
  readonly end: AbortController;
  readonly steps?: ReturnType<Model["denoise"]>;
  /** The one that the page looks at. */
  step?: Step;
  /** What a drawing threw: nobody waits for it, so that the run's next step tells. */
  failure?: unknown;
}

/** The scope's own types clash with the page's, which the rest of the project is written for. */
const scope = self as unknown as {
  postMessage(news: News): void;
  addEventListener(type: "message", listener: (event: MessageEvent<Request>) => unknown): void;
};

/** Answers the page from now on. `open` loads the model on a device of the worker's kind. */
export function serve(open: (location: string, options: LoadOptions) => Promise<Model>): void {
  const host = new Host(open);
  scope.addEventListener("message", async ({ data: request }) => {
    try {
      const value = await host.answer(request);
      if ("id" in request) scope.postMessage({ type: "answer", id: request.id, value: value! });
    } catch (error) {
      if ("id" in request) scope.postMessage({ type: "failed", id: request.id, failure: failureOf(error) });
    }
  });
}

class Host {
  readonly #open: Parameters<typeof serve>[0];
  readonly #runs = new Map<number, Run>();
  readonly #canvases = new Map<number, OffscreenCanvas>();
  #model: Model | undefined;

  constructor(open: Parameters<typeof serve>[0]) {
    this.#open = open;
  }

  async answer(request: Request): Promise<Answers[keyof Answers] | undefined> {
    switch (request.type) {
      case "load":
        return this.#load(request);
      case "generate":
        return this.#generate(request);
      case "denoise":
        return this.#begin(request);
      case "next":
        return this.#next(request.run);
      case "read":
        return this.#stepOf(request.run)[request.what]();
      case "draw":
        return this.#draw(request);
      case "end":
        return this.#end(request.run);
      case "take":
        this.#canvases.set(request.canvas, request.surface);
        return;
      case "forget":
        this.#canvases.delete(request.canvas);
        return;
    }
  }

  async #load({ location, options }: Extract<Request, { type: "load" }>): Promise<Answers["load"]> {
    const onProgress: LoadOptions["onProgress"] = (phase, done, total) => {
      scope.postMessage({ type: "progress", phase, done, total });
    };
    this.#model = await this.#open(location, { ...options, onProgress });
    const { name, labels, size, loadMs } = this.#model;
    return { name, labels, size, loadMs, adapter: await this.#model.adapter() };
  }

  async #generate(request: Extract<Request, { type: "generate" }>): Promise<Answers["generate"]> {
    const { run, canvas } = request;
    const end = new AbortController();
    this.#runs.set(run, { end });
    const surface = canvas !== undefined && { canvas: this.#canvases.get(canvas)! };
    try {
      return await this.#model!.generate({ ...this.#options(request, end), ...surface });
    } finally {
      this.#runs.delete(run);
    }
  }

  /** The page asks for no run before it has heard that the model is loaded. */
  #begin(request: Extract<Request, { type: "denoise" }>): undefined {
    const end = new AbortController();
    this.#runs.set(request.run, { end, steps: this.#model!.denoise(this.#options(request, end)) });
  }

  #options({ run, options }: Extract<Request, { type: "denoise" | "generate" }>, { signal }: AbortController) {
    const onProgress = (done: number, total: number) => scope.postMessage({ type: "done", run, done, total });
    return { ...options, onProgress, signal };
  }

  async #next(number: number): Promise<Answers["next"] | undefined> {
    const run = this.#runs.get(number);
    if (!run?.steps) return undefined; // the page has ended it meanwhile
    if (run.failure) throw run.failure;
    const { done, value } = await run.steps.next();
    if (done) {
      this.#runs.delete(number);
      return { done, value };
    }
    run.step = value;
    const { index, total, timestep, alpha, sigma } = value;
    return { done: false, value: { index, total, timestep, alpha, sigma } };
  }

  #draw({ run, canvas, what, image }: Extract<Request, { type: "draw" }>): undefined {
    try {
      this.#stepOf(run).draw(this.#canvases.get(canvas)!, what, image);
    } catch (error) {
      const drawn = this.#runs.get(run);
      if (drawn) drawn.failure = error;
    }
  }

  #stepOf(run: number): Step {
    const step = this.#runs.get(run)?.step;
    check(step, () => "step: must be drawn or read before its run ends, got one of a run that is over", InputError);
    return step;
  }

  /** Stops the run after its submit, and lets the model's next one begin. */
  #end(number: number): undefined {
    const run = this.#runs.get(number);
    this.#runs.delete(number);
    run?.end.abort();
    run?.steps?.return(undefined as never).catch(() => {});
  }
}
