/** What Euler, Euler ancestral, LMS, Heun and KDPM2 share: timesteps and sigmas of the variance-exploding form. */
import { check, InputError } from "../tensor/check";
import { alphasCumprodOf } from "./betas";
import { linspace32, roundHalfEven } from "./float32";
import type { SchedulerConfig } from "./rare_config";
import { beta, exponential, karras, sigmaAt, timestepOf, trainingSigmas, withoutInfinity } from "./sigmas";
import type { SamplerOptions } from "./table";
import { checkSteps, fractionalTimesteps, ownList } from "./timesteps";

export interface SigmaSchedule {
  /** One per step. */
  readonly timesteps: readonly number[];
  /** One per step, then the final one (usually 0); float32 values. */
  readonly sigmas: readonly number[];
  /** log sigma of each training step, for timesteps in between. */
  readonly logSigmas: readonly number[];
  /** The first state is this times the static. */
  readonly initialScale: number;
}

const MOST_STEPS = 10_000;

export interface SigmaScheduleOptions {
  /** KDPM2 rounds the timesteps of Karras sigmas, the others keep them fractional. */
  readonly roundKarras?: boolean;
  /** The caller's own timesteps, or sigmas with the final one. */
  readonly own?: Pick<SamplerOptions, "timesteps" | "sigmas">;
}

/** The schedule of a variance-exploding sampler over `steps` steps. */
export function sigmaSchedule(
  config: SchedulerConfig,
  steps: number,
  { roundKarras = false, own = {} }: SigmaScheduleOptions = {},
): SigmaSchedule {
  checkSteps(steps, MOST_STEPS);
  const products = alphasCumprodOf(config);
  const training = trainingSigmas(config.rescale_betas_zero_snr ? withoutInfinity(products) : products);
  const logSigmas = training.map((sigma) => Math.fround(Math.log(sigma)));
  const ownSigmas = ownList("sigmas", own.sigmas, steps + 1, Number.POSITIVE_INFINITY);
  if (ownSigmas) return ownSchedule(config, ownSigmas.map(Math.fround), logSigmas);
  const ownTimesteps = ownList("timesteps", own.timesteps, steps, config.num_train_timesteps);
  check(
    !ownTimesteps || !(config.use_karras_sigmas || config.use_exponential_sigmas || config.use_beta_sigmas),
    () => "makeTable: timesteps of one's own leave no room for a sigma spacing; set it to false",
    InputError,
  );
  let timesteps = ownTimesteps?.map(Math.fround) ?? fractionalTimesteps(config, steps);
  let sigmas =
    config.interpolation_type === "log_linear"
      ? linspace32(logSigmas.at(-1) ?? 0, logSigmas[0] ?? 0, steps + 1).map((value) => Math.fround(Math.exp(value)))
      : timesteps.map((t) => sigmaAt(training, t));
  const max = config.sigma_max ?? sigmas[0] ?? 0;
  const min = config.sigma_min ?? sigmas.at(-1) ?? 0;
  const spaced = spacing(config, max, min, steps);
  if (spaced) {
    sigmas = spaced;
    timesteps = sigmas.map((sigma) => timestepOf(sigma, logSigmas));
    if (roundKarras && config.use_karras_sigmas) timesteps = timesteps.map(roundHalfEven);
  }
  sigmas = [...sigmas, config.final_sigmas_type === "sigma_min" ? (training[0] ?? 0) : 0].map(Math.fround);
  return finish(config, timesteps, sigmas, logSigmas);
}

function ownSchedule(config: SchedulerConfig, sigmas: number[], logSigmas: number[]): SigmaSchedule {
  const timesteps = sigmas.slice(0, -1).map((sigma) => timestepOf(sigma, logSigmas));
  return finish(config, timesteps, sigmas, logSigmas);
}

function finish(config: SchedulerConfig, timesteps: number[], sigmas: number[], logSigmas: number[]): SigmaSchedule {
  const continuous = config.timestep_type === "continuous" && config.prediction_type === "v_prediction";
  const told = continuous ? sigmas.slice(0, -1).map((sigma) => 0.25 * Math.log(sigma)) : timesteps;
  const largest = Math.max(...sigmas);
  return {
    timesteps: told.map(Math.fround),
    sigmas,
    logSigmas,
    initialScale: config.timestep_spacing === "leading" ? Math.sqrt(largest * largest + 1) : largest,
  };
}

/** The chosen spacing between `max` and `min`, or null where the timesteps' own sigmas are used. */
export function spacing(config: SchedulerConfig, max: number, min: number, steps: number): number[] | null {
  if (config.use_karras_sigmas) return karras(max, min, steps);
  if (config.use_exponential_sigmas) return exponential(max, min, steps);
  if (config.use_beta_sigmas) return beta(max, min, steps);
  return null;
}
