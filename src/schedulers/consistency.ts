/** Consistency models: predict the picture, noise it to the next level, repeat (Song et al. 2023, algorithm 1). */

import { sigmaRange } from "./edm";
import { plainTable } from "./euler";
import { NOISE, sum, X0 } from "./form";
import type { SchedulerConfig } from "./rare_config";
import { karrasAt } from "./sigmas";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, ownList } from "./timesteps";

/** The table of CMStochasticIterativeScheduler. */
export function consistency(config: SchedulerConfig, steps: number, { begin = 0, timesteps }: SamplerOptions): Table {
  checkSteps(steps, config.num_train_timesteps);
  const { min, max } = sigmaRange("consistency", config);
  const stride = Math.floor(config.num_train_timesteps / steps);
  // The levels count from the noisiest one, and so do the caller's own, which are given descending all the same.
  const own = ownList("timesteps", timesteps, steps, config.num_train_timesteps)?.reverse();
  const levels = own ?? Array.from({ length: steps }, (_, i) => i * stride);
  const exact = levels.map((level) => karrasAt(level / (config.num_train_timesteps - 1), max, min, config.rho));
  const sigmas = [...exact, min].map(Math.fround);
  const rows = exact.slice(begin).map((level, k): Row => {
    const index = begin + k;
    const sigma = sigmas[index] ?? 0;
    // With more steps than training levels diffusers would end at sigma_min; both lists end there anyway.
    const sigmaHat = Math.min(Math.max(sigmas[index + 1] ?? min, min), max);
    const data = config.sigma_data;
    return {
      timestep: 250 * Math.log(level + 1e-44),
      inputScale: 1 / Math.sqrt(sigma ** 2 + data ** 2),
      x0: {
        x: data ** 2 / ((sigma - min) ** 2 + data ** 2),
        output: ((sigma - min) * data) / Math.sqrt(sigma ** 2 + data ** 2),
      },
      eps: { x: 1 / sigma, output: 0, x0: -1 / sigma },
      clip: config.clip_denoised ? 1 : Number.POSITIVE_INFINITY,
      next: sum([1, X0], [config.s_noise * Math.sqrt(Math.max(sigmaHat ** 2 - min ** 2, 0)), NOISE]),
      writes: [],
      draw: steps > 1 ? k + 1 : null,
      logVariance: null,
      alpha: 1,
      sigma,
    };
  });
  return plainTable("consistency", rows, 0, max);
}
