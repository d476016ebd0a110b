/** EDM: Karras et al. 2022's own preconditioning, stepped by Euler or by DPM-Solver++. */
import { check, InputError } from "../tensor/check";
import { multistepRows, ringOf } from "./dpmsolver";
import { churn, churnedStep, eulerStep, plainTable } from "./euler";
import { linspace32, linspace64 } from "./float32";
import { checkPrediction, thresholdOf } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import { karrasAt } from "./sigmas";
import { explodingLevel, type Level } from "./solver";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps } from "./timesteps";

const MOST_STEPS = 10_000;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** The sigmas between which EDM samples: the config must have both. */
export function sigmaRange(sampler: string, config: SchedulerConfig): Range {
  const [min, max] = [config.sigma_min ?? Number.NaN, config.sigma_max ?? Number.NaN];
  check(
    min > 0 && max > min,
    () => `${sampler}: sigma_min and sigma_max must satisfy 0 < sigma_min < sigma_max, got ${min} and ${max}`,
    InputError,
  );
  return { min, max };
}

/** x0 = c_skip x + c_out output, and the input scale c_in (Karras et al. 2022, table 1). */
function preconditioned(config: SchedulerConfig, sigma: number) {
  const total = sigma ** 2 + config.sigma_data ** 2;
  const sign = config.prediction_type === "v_prediction" ? -1 : 1;
  const x0 = { x: config.sigma_data ** 2 / total, output: (sign * sigma * config.sigma_data) / Math.sqrt(total) };
  return { x0, eps: { x: 1 / sigma, output: 0, x0: -1 / sigma } };
}

function rowAt(config: SchedulerConfig, sigma: number) {
  return {
    timestep: 0.25 * Math.log(sigma), // c_noise
    inputScale: 1 / Math.sqrt(sigma ** 2 + config.sigma_data ** 2),
    ...preconditioned(config, sigma),
    clip: Number.POSITIVE_INFINITY,
    logVariance: null,
    alpha: 1,
    sigma,
  };
}

function exponential32({ min, max }: Range, steps: number): number[] {
  return linspace32(Math.log(min), Math.log(max), steps)
    .map((value) => Math.fround(Math.exp(value)))
    .reverse();
}

function initialScale({ max }: Range): number {
  return Math.sqrt(max ** 2 + 1);
}

/** The table of EDMEulerScheduler. */
export function edmEuler(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  checkSteps(steps, MOST_STEPS);
  checkPrediction("edm-euler", config.prediction_type, ["epsilon", "v_prediction"]);
  const range = sigmaRange("edm-euler", config);
  const spaced =
    config.sigma_schedule === "exponential"
      ? exponential32(range, steps)
      : linspace64(0, 1, steps).map((ramp) => karrasAt(ramp, range.max, range.min, config.rho));
  const sigmas = spaced.map(Math.fround);
  const final = config.final_sigmas_type === "sigma_min" ? (sigmas.at(-1) ?? 0) : 0;
  const { begin = 0 } = options;
  let draws = 0;
  const rows = sigmas.slice(begin).map((sigma, k): Row => {
    const { sigmaHat, added } = churn(sigma, steps, options);
    if (added > 0) draws++;
    const next = sigmas[begin + k + 1] ?? final;
    const atHat = preconditioned(config, sigmaHat);
    return {
      ...rowAt(config, sigma),
      ...atHat,
      next: added > 0 ? churnedStep(atHat.x0.x, added, sigmaHat, next) : eulerStep("sample", sigma, next),
      writes: [],
      draw: added > 0 ? draws : null,
    };
  });
  return plainTable("edm-euler", rows, 0, initialScale(range));
}

/** The table of EDMDPMSolverMultistepScheduler. */
export function edmDpmsolver(config: SchedulerConfig, steps: number, { begin = 0 }: SamplerOptions): Table {
  checkSteps(steps, MOST_STEPS);
  checkPrediction("edm-dpmsolver", config.prediction_type, ["epsilon", "v_prediction"]);
  const range = sigmaRange("edm-dpmsolver", config);
  const algorithm_type = config.algorithm_type === "sde-dpmsolver++" ? "sde-dpmsolver++" : "dpmsolver++";
  const settled: SchedulerConfig = {
    ...config,
    algorithm_type,
    solver_type: config.solver_type === "heun" ? "heun" : "midpoint",
  };
  const sigmas =
    config.sigma_schedule === "exponential" ? exponential32(range, steps) : karras32(range, steps, config.rho);
  const levels = [...sigmas, config.final_sigmas_type === "sigma_min" ? range.min : 0].map(explodingLevel);
  const rows = multistepRows(settled, levels, begin, (index) => rowAt(config, (levels[index] as Level).sigma));
  return {
    ...plainTable("edm-dpmsolver", rows, ringOf(settled), initialScale(range)),
    threshold: thresholdOf(config),
  };
}

/** Karras's spacing as diffusers computes it here, in float32 from the ramp on. */
function karras32({ min, max }: Range, steps: number, rho: number): number[] {
  const start = max ** (1 / rho);
  const span = min ** (1 / rho) - start;
  return linspace32(0, 1, steps).map((ramp) =>
    Math.fround(Math.fround(Math.fround(start) + Math.fround(ramp * Math.fround(span))) ** rho),
  );
}
