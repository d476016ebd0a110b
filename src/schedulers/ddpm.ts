/** DDPM: ancestral sampling of the learned Markov chain (Ho et al. 2020, algorithm 2 with equation 7). */
import { alphasCumprodOf, productAt } from "./betas";
import type { CommonConfig } from "./config";
import { NOISE, sum, X, X0 } from "./form";
import { checkPrediction, clipOf, thresholdOf, variancePreserving } from "./prediction";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, integerTimesteps, ownList } from "./timesteps";

const SMALLEST_VARIANCE = 1e-20; // diffusers' clamp, which keeps the logarithm finite at the last step

/** The table of DDPM; variance types as in diffusers' DDPMScheduler. */
export function ddpm(config: CommonConfig, steps: number, { begin = 0, timesteps: own }: SamplerOptions): Table {
  checkSteps(steps, config.num_train_timesteps);
  checkPrediction("ddpm", config.prediction_type, ["epsilon", "sample", "v_prediction"]);
  const alphasCumprod = alphasCumprodOf(config);
  const chosen = ownList("timesteps", own, steps, config.num_train_timesteps) ?? integerTimesteps(config, steps);
  const timesteps = chosen.slice(begin);
  const type = config.variance_type;
  const variance = type === "learned" || type === "learned_range" ? type : "fixed";
  let draws = 0;

  const rows = timesteps.map((t, i): Row => {
    const previous = timesteps[i + 1];
    const product = productAt(alphasCumprod, t);
    const productBefore = previous === undefined ? 1 : productAt(alphasCumprod, previous);
    const alpha = Math.sqrt(product);
    const sigma = Math.sqrt(1 - product);
    // diffusers takes this difference in float32, which at small t is visible in the fourth digit of beta.
    const kept = Math.fround(product / productBefore);
    const beta = Math.fround(1 - kept);
    const small = Math.max(((1 - productBefore) / (1 - product)) * beta, SMALLEST_VARIANCE);
    // Only the very last step of training (t = 0) is free of noise; the variance there is nearly 0 anyway.
    const noisy = t > 0;
    const std = type === "fixed_large" || type === "fixed_large_log" ? Math.sqrt(beta) : Math.sqrt(small);
    const noise = variance === "fixed" ? std : 1;
    if (noisy) draws++;
    return {
      timestep: t,
      inputScale: 1,
      ...variancePreserving(config.prediction_type, alpha, sigma),
      clip: clipOf(config),
      next: sum(
        [(Math.sqrt(productBefore) * beta) / (1 - product), X0],
        [(Math.sqrt(kept) * (1 - productBefore)) / (1 - product), X],
        [noisy ? noise : 0, NOISE],
      ),
      writes: [],
      draw: noisy ? draws : null,
      logVariance: variance === "fixed" ? null : [Math.log(small), Math.log(beta)],
      alpha,
      sigma,
    };
  });

  return {
    sampler: "ddpm",
    rows,
    slots: 0,
    initialScale: 1,
    variance,
    splitsOutput: variance !== "fixed",
    threshold: thresholdOf(config),
  };
}
