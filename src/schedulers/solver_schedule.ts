/** What the DPM solvers, UniPC and DEIS share: integer timesteps, sigmas, and the prediction that they integrate. */
import { check, InputError } from "../tensor/check";
import { alphasCumprodOf } from "./betas";
import { linspace64, roundHalfEven } from "./float32";
import { EPS, type Form, X0 } from "./form";
import { epsFromClipped, thresholdOf, variancePreserving } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import { spacing } from "./sigma_schedule";
import { lu, shifted, sigmaAt, timestepOf, trainingSigmas, withoutInfinity } from "./sigmas";
import { flowLevel, type Level, preservingLevel } from "./solver";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, ownList, solverTimesteps } from "./timesteps";

export interface SolverSchedule {
  readonly timesteps: readonly number[];
  /** One per step, then the final one; float32 values. */
  readonly sigmas: readonly number[];
  readonly level: (sigma: number) => Level;
}

/** sigma of each training step, and their logarithms. */
export function solverTraining(config: SchedulerConfig): { sigmas: number[]; logSigmas: number[]; products: number[] } {
  const exact = alphasCumprodOf(config);
  const products = config.rescale_betas_zero_snr ? withoutInfinity(exact) : exact;
  const sigmas = trainingSigmas(products);
  return { sigmas, logSigmas: sigmas.map((sigma) => Math.fround(Math.log(sigma))), products };
}

/** How many training steps are left after those with lambda < lambda_min_clipped (for cosine schedules). */
export function unclippedSteps(config: SchedulerConfig, products: readonly number[]): number {
  const lambdas = products.map((product) =>
    Math.fround(
      Math.fround(Math.log(Math.fround(Math.sqrt(product)))) -
        Math.fround(Math.log(Math.fround(Math.sqrt(Math.fround(1 - product))))),
    ),
  );
  return lambdas.filter((lambda) => lambda >= config.lambda_min_clipped).length;
}

/** Timesteps and sigmas as DPMSolverMultistepScheduler chooses them. */
export function multistepSchedule(config: SchedulerConfig, steps: number, options: SamplerOptions): SolverSchedule {
  checkSteps(steps, config.num_train_timesteps);
  const training = solverTraining(config);
  const timesteps =
    ownTimesteps(config, steps, options) ?? solverTimesteps(config, steps, unclippedSteps(config, training.products));
  return finish(config, steps, options, training, timesteps, config.beta_schedule !== "squaredcos_cap_v2");
}

/** Timesteps and sigmas of DPMSolverSinglestepScheduler: always linspace, Karras timesteps always rounded. */
export function singlestepSchedule(config: SchedulerConfig, steps: number, options: SamplerOptions): SolverSchedule {
  checkSteps(steps, config.num_train_timesteps);
  const training = solverTraining(config);
  const last = unclippedSteps(config, training.products);
  const linspace = { ...config, timestep_spacing: "linspace" as const };
  const timesteps = ownTimesteps(config, steps, options) ?? solverTimesteps(linspace, steps, last);
  return finish(linspace, steps, options, training, timesteps, true);
}

function ownTimesteps(config: SchedulerConfig, steps: number, options: SamplerOptions): number[] | null {
  const own = ownList("timesteps", options.timesteps, steps, config.num_train_timesteps);
  const { use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas, use_lu_lambdas } = config;
  check(
    !own || !(use_karras_sigmas || use_exponential_sigmas || use_beta_sigmas || use_lu_lambdas),
    () => "makeTable: timesteps of one's own leave no room for a sigma spacing; set it to false",
    InputError,
  );
  return own;
}

function finish(
  config: SchedulerConfig,
  steps: number,
  options: SamplerOptions,
  training: ReturnType<typeof solverTraining>,
  plain: number[],
  roundSpaced: boolean,
): SolverSchedule {
  const { sigmas: all, logSigmas } = training;
  const max = all.at(-1) ?? 0;
  const min = all[0] ?? 0;
  let timesteps = plain;
  let sigmas: number[];
  const spaced = config.use_lu_lambdas
    ? lu(logSigmas.at(-1) ?? 0, logSigmas[0] ?? 0, steps)
    : spacing(config, max, min, steps);
  if (spaced) {
    sigmas = spaced;
    timesteps = sigmas.map((sigma) => timestepOf(sigma, logSigmas));
    if (roundSpaced && (config.use_karras_sigmas || config.use_lu_lambdas)) timesteps = timesteps.map(roundHalfEven);
  } else if (config.use_flow_sigmas) {
    sigmas = flowSigmas(config, steps, options);
    timesteps = sigmas.map((sigma) => sigma * config.num_train_timesteps);
  } else {
    sigmas = timesteps.map((t) => sigmaAt(all, t));
  }
  const final = config.final_sigmas_type === "sigma_min" ? min : 0;
  return {
    timesteps: timesteps.map(Math.trunc),
    sigmas: [...sigmas, final].map(Math.fround),
    level: config.use_flow_sigmas ? flowLevel : preservingLevel,
  };
}

/** Sigmas of rectified flow as the DPM solvers and DEIS choose them. */
export function flowSigmas(config: SchedulerConfig, steps: number, { mu }: SamplerOptions): number[] {
  const shift = mu === undefined ? config.flow_shift : Math.exp(mu);
  return linspace64(1, 1 / config.num_train_timesteps, steps + 1)
    .map((alpha) => shifted(1 - alpha, shift))
    .reverse()
    .slice(0, -1);
}

/** Whether the solver integrates the predicted picture rather than the predicted noise. */
export function integratesPicture(config: SchedulerConfig): boolean {
  return config.algorithm_type === "dpmsolver++" || config.algorithm_type === "sde-dpmsolver++";
}

/** The prediction that is integrated and remembered. */
export function integrand(config: SchedulerConfig): Form {
  return integratesPicture(config) ? X0 : EPS;
}

/** The part of a row that does not depend on the solver. */
export function solverRow(config: SchedulerConfig, timestep: number, sigma: number, level: Level) {
  const conversion =
    config.prediction_type === "flow_prediction"
      ? variancePreserving("flow_prediction", 1 - sigma, sigma)
      : variancePreserving(config.prediction_type, level.alpha, level.sigma);
  const { x0 } = conversion;
  const eps: Row["eps"] = config.thresholding ? epsFromClipped(level.alpha, level.sigma) : conversion.eps;
  return {
    timestep,
    inputScale: 1,
    x0,
    eps,
    clip: Number.POSITIVE_INFINITY,
    logVariance: null,
    alpha: level.alpha,
    sigma: level.sigma,
  };
}

/** The table of a solver: its threshold and learned variance, which it ignores, come from the config. */
export function solverTable(sampler: string, config: SchedulerConfig, rows: readonly Row[], slots: number): Table {
  return {
    sampler,
    rows,
    slots,
    initialScale: 1,
    variance: "fixed",
    splitsOutput: config.variance_type === "learned" || config.variance_type === "learned_range",
    threshold: thresholdOf(config),
  };
}
