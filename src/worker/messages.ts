/** What page and worker say to each other. Everything can be cloned; pictures travel as their numbers. */
import type { AdapterDescription } from "../runtime/device";
import type { Generation, Step } from "../sampler/generation";
import type { Image } from "../sampler/image";
import type { GenerateOptions } from "../sampler/options";
import {
  CheckpointError,
  DeviceError,
  InputError,
  NumericError,
  ShaderError,
  ShapeError,
  UnstaticError,
} from "../tensor/check";

/** Options that stay on the page: functions, and what belongs to it. */
export type RunOptions = Omit<GenerateOptions, "signal" | "canvas" | "onProgress">;

const KINDS = [CheckpointError, DeviceError, InputError, NumericError, ShaderError, ShapeError, UnstaticError];

/** Page to worker. `run` numbers the runs of a model. */
export type Request =
  | { readonly type: "load"; readonly location: string }
  | { readonly type: "denoise" | "generate"; readonly run: number; readonly options: RunOptions }
  | { readonly type: "next" | "end"; readonly run: number };

/** A step with its pictures, in place of memory to read them from. */
export interface StepNews extends Omit<Step, "x" | "x0" | "draw"> {
  readonly x: readonly Image[];
  readonly x0: readonly Image[];
}

/** What a page knows of the model in the worker. */
export interface LoadedModel {
  readonly name: string;
  readonly labels: readonly string[];
  readonly size: [height: number, width: number];
  readonly adapter: AdapterDescription;
  readonly loadMs: number;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Worker to page. */
export type News =
  | { readonly type: "progress"; readonly phase: "load" | "compile"; readonly done: number; readonly total: number }
  | { readonly type: "loaded"; readonly model: LoadedModel }
  | { readonly type: "done"; readonly run: number; readonly done: number; readonly total: number }
  | { readonly type: "step"; readonly run: number; readonly step: StepNews }
  | { readonly type: "generation"; readonly run: number; readonly generation: Generation }
  /** Without a run: loading failed. */
  | { readonly type: "failed"; readonly run?: number; readonly failure: Failure };

export function failureOf(error: unknown): Failure {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

/** The failure as an error of its own class, so that a page can tell kinds apart as it does without a worker. */
export function errorOf({ name, message }: Failure): Error {
  const Kind = KINDS.find((kind) => new kind("", "").name === name) ?? Error;
  return Object.assign(new Kind(message, ""), { name });
}
