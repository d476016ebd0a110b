/**
 * What page and worker say to each other. Everything can be cloned but canvases, whose control is transferred: what is
 * drawn on them never travels.
 */
import type { AdapterDescription } from "../runtime/device";
import type { Generation, Step } from "../sampler/generation";
import type { Image } from "../sampler/image";
import type { LoadOptions } from "../sampler/model";
import type { GenerateOptions } from "../sampler/options";

/** Options that stay on the page: functions, and what belongs to it. */
export type RemoteLoadOptions = Omit<LoadOptions, "device" | "gpu" | "signal" | "onProgress">;
export type RunOptions = Omit<GenerateOptions, "signal" | "canvas" | "onProgress">;

/** Page to worker, answered under the `id`. `run` numbers the runs of a model, `canvas` what it draws on. */
export type Question =
  | { readonly type: "load"; readonly location: string; readonly options: RemoteLoadOptions }
  | {
      readonly type: "generate";
      readonly run: number;
      readonly options: RunOptions;
      readonly canvas: number | undefined;
    }
  | { readonly type: "next"; readonly run: number }
  | { readonly type: "read"; readonly run: number; readonly what: "x" | "x0" };

export interface Answers {
  readonly load: LoadedModel;
  readonly generate: Generation;
  readonly next: IteratorResult<StepNews, Generation>;
  readonly read: readonly Image[];
}

/** Page to worker, without an answer. */
export type Order =
  | { readonly type: "denoise"; readonly run: number; readonly options: RunOptions }
  | { readonly type: "end"; readonly run: number }
  | { readonly type: "take"; readonly canvas: number; readonly surface: OffscreenCanvas }
  | { readonly type: "forget"; readonly canvas: number }
  | {
      readonly type: "draw";
      readonly run: number;
      readonly canvas: number;
      readonly what: "x" | "x0";
      readonly image: number | undefined;
    };

export type Request = (Question & { readonly id: number }) | Order;

/** A step without the means to look at it. */
export type StepNews = Omit<Step, "x" | "x0" | "draw">;

/** What a page knows of the model in the worker. */
export interface LoadedModel {
  readonly name: string;
  readonly labels: readonly string[];
  readonly size: [height: number, width: number];
  readonly adapter: AdapterDescription;
  readonly loadMs: number;
}

/** An error on its way: classes do not survive cloning. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly layer?: string | undefined;
}

/** Worker to page. */
export type News =
  | { readonly type: "progress"; readonly phase: "load" | "compile"; readonly done: number; readonly total: number }
  | { readonly type: "done"; readonly run: number; readonly done: number; readonly total: number }
  | { readonly type: "answer"; readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly type: "failed"; readonly id: number; readonly failure: Failure };

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, layer } = error as Error & { readonly layer?: string };
  return { name, message, layer };
}
