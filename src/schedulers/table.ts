/**
 * A sampler as a table of numbers.
 *
 * One row per evaluation of the network. A row says what the network sees and how its output becomes the next state;
 * all of it is linear but for the clip, so a row is numbers only, and one kernel (shaders/sampler_step.wgsl) executes
 * any row of any sampler. For a row, with `output` the network's (guided) output:
 *
 *   the network reads        inputScale * x   at   timestep
 *   x0      = x0.x * x + x0.output * output
 *   x0      = clamp(x0, -clip, clip)                       or, with a threshold, clamp(x0, -s, s) / s  per image
 *   eps     = eps.x * x + eps.output * output + eps.x0 * x0
 *   noise   = draw number `draw` of the static; times std(output's second half) where the variance is learned
 *   x'      = next.x x + next.x0 x0 + next.eps eps + next.noise noise + sum_k next.slots[k] slot_k
 *   slot_w' = the same kind of sum, for at most two slots w
 *
 * All sums read the slots as they were before the row. Rings, warm-ups, predictors and correctors, saved samples and
 * second evaluations are all just different weights: the host has resolved which slot holds what.
 *
 * This room holds pure functions of numbers. It knows neither tensors nor GPUs and can be lifted into a notebook.
 */
import type { Form } from "./form";

/** One evaluation of the network and the update that follows it. */
export interface Row {
  /** What the network is told; fractional where sigmas are spaced freely. */
  readonly timestep: number;
  /** The network sees inputScale * x. */
  readonly inputScale: number;
  /** x0 from the state and the network's output. */
  readonly x0: { readonly x: number; readonly output: number };
  /** eps from the state, the output and the clipped x0. */
  readonly eps: { readonly x: number; readonly output: number; readonly x0: number };
  /** x0 is held within [-clip, clip]; Infinity for no clipping. */
  readonly clip: number;
  /** The state after this row. */
  readonly next: Form;
  /** What is remembered: slot `slot` becomes `form`. */
  readonly writes: readonly Write[];
  /** Which draw of the random stream this row consumes (the first static is draw 0); null for none. */
  readonly draw: number | null;
  /** log variance for an output of -1 and of +1, where the network predicts it; the noise's weight is then 1 or 0. */
  readonly logVariance: readonly [min: number, max: number] | null;
  /** The state before this row is distributed as alpha x_0 + sigma eps: for display, for image to image, for masks. */
  readonly alpha: number;
  readonly sigma: number;
}

/** One remembered tensor. */
export interface Write {
  readonly slot: number;
  readonly form: Form;
}

/** A whole run of a sampler. */
export interface Table {
  /** Short name, such as "dpmsolver++". */
  readonly sampler: string;
  readonly rows: readonly Row[];
  /** How many slots the rows use. */
  readonly slots: number;
  /** The first state is initialScale * static. */
  readonly initialScale: number;
  /** How the noise's standard deviation is made: from the rows, or from the second half of the output's channels. */
  readonly variance: "fixed" | "learned" | "learned_range";
  /** The network's output has twice the state's channels; the second half is used only where `variance` says so. */
  readonly splitsOutput: boolean;
  /** Dynamic thresholding (Saharia et al. 2022, section 2.3), or null for plain clipping. */
  readonly threshold: { readonly ratio: number; readonly max: number } | null;
}

/** Choices that diffusers takes as arguments of `step` and `set_timesteps` rather than from the config. */
export interface SamplerOptions {
  /** DDIM: 0 is deterministic, 1 is DDPM-like. TCD: its gamma, 0.3 by default. */
  readonly eta?: number;
  /** DDIM: eps is derived again from the clipped x0. */
  readonly useClippedModelOutput?: boolean;
  /** LMS: how many derivatives are combined, 4 by default. */
  readonly order?: number;
  /** Euler samplers: Karras et al. 2022, algorithm 2. */
  readonly sChurn?: number;
  readonly sTmin?: number;
  readonly sTmax?: number;
  readonly sNoise?: number;
  /** LCM and TCD: the number of steps of the schedule that was distilled. */
  readonly originalInferenceSteps?: number;
  /** LCM and TCD: shortens the distilled schedule itself, as diffusers does for image to image. */
  readonly strength?: number;
  /** Flow matching with dynamic shifting: the shift that a pipeline computes from the picture's size. */
  readonly mu?: number;
  /** Timesteps to visit instead of the spacing's, descending. */
  readonly timesteps?: readonly number[];
  /** Sigmas to visit instead of the spacing's, descending; only Euler's list ends with the final sigma. */
  readonly sigmas?: readonly number[];
  /** Image to image: this many of the steps are skipped at the start. */
  readonly begin?: number;
}

/** Numbers at the head of the packed table, before the rows. */
export const HEADER_WORDS = 16;
/** Numbers of a packed row; shaders/lib/sampler_table.wgsl holds the same constant. */
export const ROW_WORDS = 52;
