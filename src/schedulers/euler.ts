/** Euler and Euler ancestral: one step along the probability flow, dx / dsigma = eps (Karras et al. 2022, eq. 1). */
import type { PredictionType } from "./config";
import { EPS, type Form, NOISE, sum, X, X0 } from "./form";
import { varianceExploding } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import { sigmaSchedule } from "./sigma_schedule";
import type { Row, SamplerOptions, Table } from "./table";

/** How much noise `sChurn` adds back before a step: Karras et al. 2022, algorithm 2, line 5. */
export function churn(sigma: number, steps: number, options: SamplerOptions): { sigmaHat: number; added: number } {
  const { sChurn = 0, sTmin = 0, sTmax = Number.POSITIVE_INFINITY, sNoise = 1 } = options;
  const gamma = sTmin <= sigma && sigma <= sTmax ? Math.min(sChurn / steps, Math.SQRT2 - 1) : 0;
  const sigmaHat = sigma * (gamma + 1);
  return { sigmaHat, added: gamma > 0 ? sNoise * Math.sqrt(sigmaHat * sigmaHat - sigma * sigma) : 0 };
}

/**
 * One step along dx / dsigma = eps, from `sigma` to `sigmaNext`: x + (sigma' - sigma) eps. Where eps is not what the
 * network predicts, it is written as a mixture of x and x0, which does not cancel at large sigma.
 */
export function eulerStep(type: PredictionType, sigma: number, sigmaNext: number): Form {
  if (type === "epsilon") return sum([1, X], [sigmaNext - sigma, EPS]);
  return sum([sigmaNext / sigma, X], [1 - sigmaNext / sigma, X0]);
}

/** x' = x + (sigma' - sigmaHat) (x - x0) / sigmaHat, where x and x0 contain the churned noise. */
export function churnedStep(x0Weight: number, added: number, sigmaHat: number, sigmaNext: number): Form {
  const x = sum([1, X], [added, NOISE]);
  const x0 = sum([1, X0], [x0Weight * added, NOISE]);
  return sum([1, x], [(sigmaNext - sigmaHat) / sigmaHat, sum([1, x], [-1, x0])]);
}

/** The table of EulerDiscreteScheduler. */
export function euler(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  const { begin = 0 } = options;
  const { timesteps, sigmas, initialScale } = sigmaSchedule(config, steps, { own: options });
  let draws = 0;
  const rows = timesteps.slice(begin).map((timestep, k): Row => {
    const sigma = sigmas[begin + k] ?? 0;
    const sigmaNext = sigmas[begin + k + 1] ?? 0;
    const { sigmaHat, added } = churn(sigma, sigmas.length - 1, options);
    if (added > 0) draws++;
    const atHat = config.prediction_type === "epsilon" ? sigmaHat : sigma;
    const { x0, eps } = varianceExploding(config.prediction_type, atHat);
    return {
      timestep,
      inputScale: 1 / Math.sqrt(sigma * sigma + 1),
      x0,
      eps,
      clip: Number.POSITIVE_INFINITY,
      next:
        added > 0 ? churnedStep(x0.x, added, sigmaHat, sigmaNext) : eulerStep(config.prediction_type, sigma, sigmaNext),
      writes: [],
      draw: added > 0 ? draws : null,
      logVariance: null,
      alpha: 1,
      sigma,
    };
  });
  return plainTable("euler", rows, 0, initialScale);
}

/** How an ancestral step divides the way to `sigmaTo` into a deterministic step down and fresh noise. */
function ancestral(sigmaFrom: number, sigmaTo: number): { up: number; down: number } {
  const up = Math.sqrt((sigmaTo ** 2 * (sigmaFrom ** 2 - sigmaTo ** 2)) / sigmaFrom ** 2);
  return { up, down: sigmaTo ** 2 / sigmaFrom }; // sqrt(sigmaTo^2 - up^2), without its cancellation
}

/** The table of EulerAncestralDiscreteScheduler. */
export function eulerAncestral(config: SchedulerConfig, steps: number, { begin = 0 }: SamplerOptions): Table {
  const { timesteps, sigmas, initialScale } = sigmaSchedule(config, steps);
  const rows = timesteps.slice(begin).map((timestep, k): Row => {
    const sigma = sigmas[begin + k] ?? 0;
    const { up, down } = ancestral(sigma, sigmas[begin + k + 1] ?? 0);
    return {
      timestep,
      inputScale: 1 / Math.sqrt(sigma * sigma + 1),
      ...varianceExploding(config.prediction_type, sigma),
      clip: Number.POSITIVE_INFINITY,
      next: sum([1, eulerStep(config.prediction_type, sigma, down)], [up, NOISE]),
      writes: [],
      draw: k + 1,
      logVariance: null,
      alpha: 1,
      sigma,
    };
  });
  return plainTable("euler-ancestral", rows, 0, initialScale);
}

/** A table without thresholding or learned variance, as the sigma samplers have it. */
export function plainTable(sampler: string, rows: readonly Row[], slots: number, initialScale: number): Table {
  return { sampler, rows, slots, initialScale, variance: "fixed", splitsOutput: false, threshold: null };
}
