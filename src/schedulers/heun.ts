/** Heun: Euler's step, then the average of the slopes at both ends (Karras et al. 2022, algorithm 1). */

import { eulerStep, plainTable } from "./euler";
import { EPS, slot, sum } from "./form";
import { clipOf, epsFromClipped, varianceExploding } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import { sigmaSchedule } from "./sigma_schedule";
import type { Row, SamplerOptions, Table } from "./table";

/**
 * The table of HeunDiscreteScheduler: two rows a step, but for the last. The first row remembers x + dt/2 eps, so that
 * the second has only to add its own half.
 */
export function heun(config: SchedulerConfig, steps: number, { begin = 0, ...own }: SamplerOptions): Table {
  const { timesteps, sigmas, initialScale } = sigmaSchedule(config, steps, { own });
  const clip = clipOf({ ...config, thresholding: false });
  // A clipped x0 is what the slope then follows from, whatever the network predicts.
  const type = Number.isFinite(clip) ? "sample" : config.prediction_type;
  const rows: Row[] = [];
  const rowAt = (timestep: number, sigma: number) => {
    const { x0, eps } = varianceExploding(config.prediction_type, sigma);
    return {
      timestep,
      inputScale: 1 / Math.sqrt(sigma * sigma + 1),
      x0,
      eps: Number.isFinite(clip) ? epsFromClipped(1, sigma) : eps,
      clip,
      draw: null,
      logVariance: null,
      alpha: 1,
      sigma,
    };
  };
  for (let i = begin; i < steps; i++) {
    const sigma = sigmas[i] ?? 0;
    const sigmaNext = sigmas[i + 1] ?? 0;
    const dt = sigmaNext - sigma;
    const last = i === steps - 1;
    rows.push({
      ...rowAt(timesteps[i] ?? 0, sigma),
      next: eulerStep(type, sigma, sigmaNext),
      writes: last ? [] : [{ slot: 0, form: eulerStep(type, sigma, sigma + dt / 2) }],
    });
    if (last) break;
    rows.push({ ...rowAt(timesteps[i + 1] ?? 0, sigmaNext), next: sum([1, slot(0)], [dt / 2, EPS]), writes: [] });
  }
  return plainTable("heun", rows, 1, initialScale);
}
