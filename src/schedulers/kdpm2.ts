/** KDPM2: the midpoint rule in log sigma, after DPM-Solver-2 (Karras et al. 2022, algorithm 2; k-diffusion's dpm_2). */

import { eulerStep, plainTable } from "./euler";
import { EPS, NOISE, slot, sum, X } from "./form";
import { varianceExploding } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import { type SigmaSchedule, sigmaSchedule } from "./sigma_schedule";
import { timestepOf } from "./sigmas";
import type { Row, SamplerOptions, Table } from "./table";

/** The table of KDPM2DiscreteScheduler: an evaluation at sigma, one at the geometric middle, then the whole step. */
export function kdpm2(config: SchedulerConfig, steps: number, { begin = 0 }: SamplerOptions): Table {
  const schedule = sigmaSchedule(config, steps, { roundKarras: true });
  const rows: Row[] = [];
  for (let i = begin; i < steps; i++) {
    const sigma = schedule.sigmas[i] ?? 0;
    const sigmaNext = schedule.sigmas[i + 1] ?? 0;
    rows.push(...midpointRows(config, schedule, i, Math.sqrt(sigma * sigmaNext), sigmaNext, 0, null));
  }
  return plainTable("kdpm2", rows, 1, schedule.initialScale);
}

/** The table of KDPM2AncestralDiscreteScheduler: the step goes below the next sigma, noise comes back up. */
export function kdpm2Ancestral(config: SchedulerConfig, steps: number, { begin = 0 }: SamplerOptions): Table {
  const schedule = sigmaSchedule(config, steps, { roundKarras: true });
  const rows: Row[] = [];
  for (let i = begin; i < steps; i++) {
    const sigma = schedule.sigmas[i] ?? 0;
    const { up, down } = ancestral(sigma, schedule.sigmas[i + 1] ?? 0);
    rows.push(...midpointRows(config, schedule, i, Math.sqrt(sigma * down), down, up, i - begin + 1));
  }
  return plainTable("kdpm2-ancestral", rows, 1, schedule.initialScale);
}

/**
 * The way to `sigmaTo` as a step down and fresh noise. The difference cancels where the step is long; diffusers takes
 * it in float32 and derives the middle's timestep from it, so its digits are repeated here.
 */
function ancestral(sigmaFrom: number, sigmaTo: number): { up: number; down: number } {
  const from = Math.fround(sigmaFrom * sigmaFrom);
  const to = Math.fround(sigmaTo * sigmaTo);
  const up = Math.fround(Math.sqrt(Math.fround(Math.fround(to * Math.fround(from - to)) / from)));
  return { up, down: Math.fround(Math.sqrt(Math.max(Math.fround(to - Math.fround(up * up)), 0))) };
}

/** Both rows of step `i`; the last step goes to 0 and has only one. */
function midpointRows(
  config: SchedulerConfig,
  { sigmas, timesteps, logSigmas }: SigmaSchedule,
  i: number,
  middle: number,
  target: number,
  noise: number,
  draw: number | null,
): Row[] {
  const sigma = sigmas[i] ?? 0;
  const rowAt = (timestep: number, level: number) => ({
    timestep,
    inputScale: 1 / Math.sqrt(level * level + 1),
    ...varianceExploding(config.prediction_type, level),
    clip: Number.POSITIVE_INFINITY,
    logVariance: null,
    alpha: 1,
    sigma: level,
  });
  const last = i === timesteps.length - 1;
  const first: Row = {
    ...rowAt(timesteps[i] ?? 0, sigma),
    next: eulerStep(config.prediction_type, sigma, middle),
    writes: last ? [] : [{ slot: 0, form: X }],
    draw: null,
  };
  if (last) return [first];
  const second: Row = {
    ...rowAt(Math.fround(timestepOf(middle, logSigmas)), middle),
    next: sum([1, slot(0)], [target - sigma, EPS], [noise, NOISE]),
    writes: [],
    draw,
  };
  return [first, second];
}
