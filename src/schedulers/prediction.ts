/**
 * What the network predicts, turned into x0 and eps.
 *
 * For a state x = alpha x0 + sigma eps. "epsilon" predicts the noise, "sample" the picture, "v_prediction" the velocity
 * v = alpha eps - sigma x0 (Salimans & Ho 2022, appendix D, for alpha^2 + sigma^2 = 1).
 */
import { check, InputError } from "../tensor/check";
import type { CommonConfig, PredictionType } from "./config";
import type { Row, Table } from "./table";

type Conversion = Pick<Row, "x0" | "eps">;

/** x0 and eps where alpha^2 + sigma^2 = 1 (DDPM, DDIM, DPM-Solver ...). */
export function variancePreserving(type: PredictionType, alpha: number, sigma: number): Conversion {
  switch (type) {
    case "epsilon":
      return { x0: { x: 1 / alpha, output: -sigma / alpha }, eps: { x: 0, output: 1, x0: 0 } };
    case "sample":
      return { x0: { x: 0, output: 1 }, eps: { x: 1 / sigma, output: -alpha / sigma, x0: 0 } };
    case "v_prediction":
      return { x0: { x: alpha, output: -sigma }, eps: { x: sigma, output: alpha, x0: 0 } };
    case "flow_prediction":
      return flow(sigma);
  }
}

/** x0 and eps where x = x0 + sigma eps and the network sees x / sqrt(sigma^2 + 1) (Euler, Heun, LMS, KDPM2). */
export function varianceExploding(type: PredictionType, sigma: number): Conversion {
  const norm = Math.sqrt(sigma * sigma + 1);
  switch (type) {
    case "epsilon":
      return { x0: { x: 1, output: -sigma }, eps: { x: 0, output: 1, x0: 0 } };
    case "sample":
      return { x0: { x: 0, output: 1 }, eps: { x: 1 / sigma, output: -1 / sigma, x0: 0 } };
    case "v_prediction":
      return {
        x0: { x: 1 / (norm * norm), output: -sigma / norm },
        eps: { x: sigma / (norm * norm), output: 1 / norm, x0: 0 },
      };
    case "flow_prediction":
      return flow(sigma);
  }
}

/** x0 and eps of rectified flow: x = (1 - sigma) x0 + sigma eps, and the network predicts eps - x0. */
export function flow(sigma: number): Conversion {
  return { x0: { x: 1, output: -sigma }, eps: { x: 1, output: 1 - sigma, x0: 0 } };
}

/** eps as it follows from the clipped x0, so that x = alpha x0 + sigma eps still holds. */
export function epsFromClipped(alpha: number, sigma: number): Row["eps"] {
  return { x: 1 / sigma, output: 0, x0: -alpha / sigma };
}

/** The clip range of the config: thresholding replaces clipping. */
export function clipOf(config: CommonConfig): number {
  return config.clip_sample && !config.thresholding ? config.clip_sample_range : Number.POSITIVE_INFINITY;
}

/** The table's threshold field from the config. */
export function thresholdOf(config: CommonConfig): Table["threshold"] {
  return config.thresholding ? { ratio: config.dynamic_thresholding_ratio, max: config.sample_max_value } : null;
}

/** Refuses a prediction type for which a sampler has no formula. */
export function checkPrediction(sampler: string, type: PredictionType, allowed: readonly PredictionType[]): void {
  check(
    allowed.includes(type),
    () => `${sampler}: prediction_type must be one of ${allowed.join(", ")}, got "${type}"`,
    InputError,
  );
}
