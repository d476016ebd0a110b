/**
 * The worker's side: a model on the CPU path, so that its seconds of arithmetic never block the page. One worker holds
 * one model; the page ends the worker to free all of it.
 */
import { cpu } from "../cpu";
import type { Step } from "../sampler/generation";
import { load } from "../sampler/load";
import type { Model } from "../sampler/model";
import { failureOf, type News, type Request, type RunOptions } from "./messages";

/** A run in progress, and what ends it. */
interface Run {
  readonly end: AbortController;
  readonly steps?: ReturnType<Model["denoise"]>;
}

/** The scope's own types clash with the page's, which the rest of the project is written for. */
const scope = self as unknown as {
  postMessage(news: News): void;
  addEventListener(type: "message", listener: (event: MessageEvent<Request>) => unknown): void;
};

let model: Model | undefined;
const runs = new Map<number, Run>();

scope.addEventListener("message", ({ data }) => {
  switch (data.type) {
    case "load":
      return answer(() => open(data.location));
    case "denoise":
    case "generate":
      return answer(() => begin(data.type, data.run, data.options), data.run);
    case "next":
      return answer(() => next(data.run), data.run);
    case "end":
      return end(data.run);
  }
});

/** Does what was asked; a failure is news, too. */
async function answer(work: () => Promise<News | undefined>, run?: number): Promise<void> {
  try {
    const news = await work();
    if (news) scope.postMessage(news);
  } catch (error) {
    if (run !== undefined) runs.delete(run);
    scope.postMessage({ type: "failed", ...(run !== undefined && { run }), failure: failureOf(error) });
  }
}

async function open(location: string): Promise<News> {
  model = await load(location, {
    gpu: cpu(),
    onProgress: (phase, done, total) => scope.postMessage({ type: "progress", phase, done, total }),
  });
  const { name, labels, size, loadMs } = model;
  return { type: "loaded", model: { name, labels, size, adapter: await model.adapter(), loadMs } };
}

async function begin(type: "denoise" | "generate", run: number, options: RunOptions): Promise<News | undefined> {
  const end = new AbortController();
  runs.set(run, { end });
  const onProgress = (done: number, total: number) => scope.postMessage({ type: "done", run, done, total });
  const whole = { ...options, onProgress, signal: end.signal };
  // The page asks for no run before it has heard that the model is loaded.
  if (type === "denoise") {
    runs.set(run, { end, steps: model!.denoise(whole) });
    return undefined;
  }
  const generation = await model!.generate(whole);
  runs.delete(run);
  return { type: "generation", run, generation };
}

async function next(run: number): Promise<News | undefined> {
  const steps = runs.get(run)?.steps;
  if (!steps) return undefined; // the page has ended it meanwhile
  const { done, value } = await steps.next();
  if (!done) return { type: "step", run, step: await newsOf(value) };
  runs.delete(run);
  return { type: "generation", run, generation: value };
}

async function newsOf({ index, total, timestep, alpha, sigma, x, x0 }: Step) {
  return { index, total, timestep, alpha, sigma, x: await x(), x0: await x0() };
}

/** Stops between two steps, and lets the model's next run begin. */
function end(run: number): void {
  const ending = runs.get(run);
  runs.delete(run);
  ending?.end.abort();
  ending?.steps?.return(undefined as never).catch(() => {});
}
