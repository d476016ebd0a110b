/** The loops that test/fixtures/make_schedulers.py ran with diffusers, and the same loops on this project's tables. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { makeTable, schedulerFromConfig } from "../../src/schedulers/registry";
import type { SamplerOptions, Table } from "../../src/schedulers/table";
import { runTable } from "../reference/sampler";

export interface Case {
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly step: Readonly<Record<string, unknown>>;
  readonly set_timesteps: Readonly<Record<string, unknown>>;
  readonly timesteps: readonly number[];
  /** base64 of float32 values, NCHW. */
  readonly final: string;
  /** Where diffusers ends in float64, given only where that differs from float32 by more than 5e-6 max |x|. */
  readonly exact?: string;
}

export interface Refusal extends Omit<Case, "timesteps" | "final" | "exact"> {
  readonly why: string;
}

interface Fixture {
  readonly cases: readonly Case[];
  readonly refused: readonly Refusal[];
}

const IMAGES = 2;
export const SIZE = 24;
const IMAGE_SIZE = SIZE / IMAGES;

/** All loops, in the order in which they were run. */
export function readMatrix(): Fixture {
  const path = new URL("../fixtures/schedulers.json.gz", import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as Fixture;
}

/** Draw `number` of the formula that stands in for the static. */
export function draw(number: number): Float64Array {
  return Float64Array.from({ length: SIZE }, (_, i) =>
    Math.fround(1.4 * Math.sin(2.1 * i + 3.7 * number + 0.5 * i * i)),
  );
}

/** The formula that stands in for the network; with a learned variance the variances of all images follow the means. */
export function model(seen: Float64Array, evaluation: number, learned: boolean): Float64Array {
  const mean = Array.from(seen, (value, i) => 0.1 * value + Math.sin(0.37 * i + 1.3 * evaluation));
  const variance = learned ? Array.from(seen, (_, i) => Math.sin(0.7 * i + 0.4 * evaluation) ** 2) : [];
  return Float64Array.from([...mean, ...variance]);
}

const OPTION_NAMES: Readonly<Record<string, keyof SamplerOptions>> = {
  eta: "eta",
  use_clipped_model_output: "useClippedModelOutput",
  order: "order",
  s_churn: "sChurn",
  s_tmin: "sTmin",
  s_tmax: "sTmax",
  s_noise: "sNoise",
  mu: "mu",
  strength: "strength",
  original_inference_steps: "originalInferenceSteps",
};

/** The table of a case, its options translated to this project's names. */
export function tableOf(given: Omit<Case, "timesteps" | "final" | "exact">): Table {
  const scheduler = schedulerFromConfig({ ...given.config, _class_name: given.class });
  const options = Object.entries({ ...given.step, ...given.set_timesteps }).map(([name, value]) => [
    OPTION_NAMES[name],
    value,
  ]);
  return makeTable(scheduler, given.steps, Object.fromEntries(options) as SamplerOptions);
}

export interface Outcome {
  /** max |difference| to diffusers in float32, or in float64 where that is nearer: its own rounding is not to be met. */
  readonly difference: number;
  /** What may be: 1e-5 max |x| plus ten times the effect of perturbing inputs, outputs and states by 1e-6. */
  readonly allowed: number;
}

/** Runs a case's table in f64. `perturbation` disturbs inputs, outputs and states by that much of themselves. */
export function runCase(table: Table, perturbation = 0): Float64Array {
  const learned = table.variance !== "fixed";
  // Signs without a pattern: regular ones cancel from row to row.
  const disturb = (value: number, i: number, row: number) =>
    value * (1 + perturbation * Math.sign(Math.sin(12.9898 * (i + 1) + 78.233 * row * row)));
  return runTable(table, {
    x: draw(0).map((value, i) => disturb(table.initialScale * value, i, 0)),
    model: (seen, _timestep, row) => model(seen, row, learned).map((value, i) => disturb(value, i, row + 1)),
    noise: draw,
    imageSize: IMAGE_SIZE,
    disturb,
  });
}

/** Compares where a loop ended, in f64 or on a GPU, with where diffusers ended. */
export function compare(given: Case, table: Table, x: ArrayLike<number>): Outcome {
  const expected = decoded(given.final);
  const exact = given.exact === undefined ? expected : decoded(given.exact);
  const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs));
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    largest(Array.from(a, (value, i) => value - (b[i] ?? Number.NaN)));
  return {
    difference: Math.min(distance(x, expected), distance(x, exact)),
    allowed: 1e-5 * largest(expected) + 10 * distance(runCase(table), runCase(table, 1e-6)),
  };
}

function decoded(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** How a case is named in a failure. */
export function nameOf({ config, steps, step, set_timesteps }: Omit<Case, "timesteps" | "final" | "exact">): string {
  const { trained_betas, ...rest } = config;
  return JSON.stringify({
    steps,
    ...rest,
    ...(trained_betas ? { trained_betas: "..." } : {}),
    ...step,
    ...set_timesteps,
  });
}
