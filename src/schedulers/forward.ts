/**
 * The forward process: how much noise each step of a schedule adds to a picture.
 *
 *   x_t = alpha_t x_0 + sigma_t eps     (Ho et al. 2020, eq. 4)
 */
import { check, InputError } from "../tensor/check";
import { alphasCumprodOf, BETA_SCHEDULES, type BetaSchedule, type NoiseScheduleConfig, productAt } from "./betas";
import { COMMON_DEFAULTS } from "./config";
import { linspace64, roundHalfEven } from "./float32";
import { ZERO } from "./form";
import type { Row, Table } from "./table";

/** What is left of a picture, and what was added to it. */
export interface NoiseLevel {
  /** Training step. */
  readonly timestep: number;
  /** Weight of the picture. */
  readonly alpha: number;
  /** Weight of the noise, of unit variance. */
  readonly sigma: number;
  /** Signal-to-noise ratio alpha^2 / sigma^2; a picture of unit variance is assumed. */
  readonly snr: number;
  /** Noise's share of the variance, 0 to 1. */
  readonly noiseShare: number;
}

/** The noise schedule called `name`, "cosine" included, with diffusers' default betas. */
export function noiseSchedule(name: string): NoiseScheduleConfig {
  const schedule = name === "cosine" ? "squaredcos_cap_v2" : name;
  check(
    BETA_SCHEDULES.includes(schedule as BetaSchedule),
    () => `noiseSchedule: a schedule must be one of cosine, ${BETA_SCHEDULES.join(", ")}, got "${name}"`,
    InputError,
  );
  // scaled_linear came with Stable Diffusion, whose range of betas goes with it.
  const range = schedule === "scaled_linear" ? { beta_start: 0.00085, beta_end: 0.012 } : {};
  return { ...COMMON_DEFAULTS, ...range, beta_schedule: schedule as BetaSchedule };
}

/** The level at training step `timestep`. */
export function noiseLevel(alphasCumprod: readonly number[], timestep: number): NoiseLevel {
  const product = productAt(alphasCumprod, timestep);
  return {
    timestep,
    alpha: Math.sqrt(product),
    sigma: Math.sqrt(1 - product),
    snr: product / (1 - product),
    noiseShare: 1 - product,
  };
}

/** `steps` levels, evenly spread from the first training step to the last. */
export function noiseLevels(config: NoiseScheduleConfig, steps: number): NoiseLevel[] {
  const most = config.num_train_timesteps;
  check(
    Number.isInteger(steps) && steps >= 1 && steps <= most,
    () => `noiseLevels: steps must be an integer from 1 to ${most}, got ${steps}`,
    InputError,
  );
  const alphasCumprod = alphasCumprodOf(config);
  const timesteps = steps === 1 ? [most - 1] : linspace64(0, most - 1, steps).map(roundHalfEven);
  return timesteps.map((timestep) => noiseLevel(alphasCumprod, timestep));
}

/** A table whose rows only carry levels: shaders/add_noise.wgsl noises a picture to row after row of it. */
export function forwardTable(levels: readonly NoiseLevel[]): Table {
  const rows = levels.map(
    ({ timestep, alpha, sigma }): Row => ({
      timestep,
      inputScale: 1,
      x0: { x: 0, output: 0 },
      eps: { x: 0, output: 0, x0: 0 },
      clip: Number.POSITIVE_INFINITY,
      next: ZERO,
      writes: [],
      draw: null,
      logVariance: null,
      alpha,
      sigma,
    }),
  );
  return {
    sampler: "forward",
    rows,
    slots: 0,
    initialScale: 1,
    variance: "fixed",
    splitsOutput: false,
    threshold: null,
  };
}
