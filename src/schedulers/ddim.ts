/** DDIM and its inverse (Song et al. 2020, equations 12 and 16). */
import { check, InputError } from "../tensor/check";
import { alphasCumprodOf, productAt } from "./betas";
import { EPS, NOISE, sum, X0 } from "./form";
import { checkPrediction, clipOf, epsFromClipped, thresholdOf, variancePreserving } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, integerTimesteps } from "./timesteps";

/** The table of DDIM. `eta` 0 is deterministic; 1 adds as much noise as DDPM. */
export function ddim(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  const { eta = 0, useClippedModelOutput = false, begin = 0 } = options;
  check(eta >= 0 && eta <= 1, () => `ddim: eta must lie between 0 and 1, got ${eta}`, InputError);
  checkSteps(steps, config.num_train_timesteps);
  checkPrediction("ddim", config.prediction_type, ["epsilon", "sample", "v_prediction"]);
  const alphasCumprod = alphasCumprodOf(config);
  const final = config.set_alpha_to_one ? 1 : productAt(alphasCumprod, 0);
  const stride = Math.floor(config.num_train_timesteps / steps);

  const rows = integerTimesteps(config, steps)
    .slice(begin)
    .map((t, i): Row => {
      // diffusers always steps by the stride, also where the spacing is uneven.
      const previous = t - stride;
      const product = productAt(alphasCumprod, t);
      const productBefore = previous >= 0 ? productAt(alphasCumprod, previous) : final;
      const alpha = Math.sqrt(product);
      const sigma = Math.sqrt(1 - product);
      const variance = ((1 - productBefore) / (1 - product)) * (1 - product / productBefore);
      const std = eta * Math.sqrt(variance);
      const conversion = variancePreserving(config.prediction_type, alpha, sigma);
      return {
        timestep: t,
        inputScale: 1,
        x0: conversion.x0,
        eps: useClippedModelOutput ? epsFromClipped(alpha, sigma) : conversion.eps,
        clip: clipOf(config),
        next: sum(
          [Math.sqrt(productBefore), X0],
          [Math.sqrt(Math.max(1 - productBefore - std * std, 0)), EPS],
          [std, NOISE],
        ),
        writes: [],
        draw: eta > 0 ? i + 1 : null,
        logVariance: null,
        alpha,
        sigma,
      };
    });

  return {
    sampler: "ddim",
    rows,
    slots: 0,
    initialScale: 1,
    variance: "fixed",
    splitsOutput: false,
    threshold: thresholdOf(config),
  };
}

/** The table of DDIM run backwards: from a picture to the static from which DDIM makes it again. */
export function ddimInverse(config: SchedulerConfig, steps: number, { begin = 0 }: SamplerOptions): Table {
  checkSteps(steps, config.num_train_timesteps);
  checkPrediction("ddim-inverse", config.prediction_type, ["epsilon", "sample", "v_prediction"]);
  const alphasCumprod = alphasCumprodOf(config);
  const initial = config.set_alpha_to_one ? 1 : productAt(alphasCumprod, 0);
  const stride = Math.floor(config.num_train_timesteps / steps);

  const rows = integerTimesteps(config, steps)
    .reverse()
    .slice(begin)
    .map((t): Row => {
      const from = Math.min(t - stride, config.num_train_timesteps - 1);
      const product = from >= 0 ? productAt(alphasCumprod, from) : initial;
      const productAfter = productAt(alphasCumprod, t);
      const alpha = Math.sqrt(product);
      const sigma = Math.sqrt(1 - product);
      return {
        timestep: t,
        inputScale: 1,
        ...variancePreserving(config.prediction_type, alpha, sigma),
        clip: clipOf(config),
        next: sum([Math.sqrt(productAfter), X0], [Math.sqrt(1 - productAfter), EPS]),
        writes: [],
        draw: null,
        logVariance: null,
        alpha,
        sigma,
      };
    });

  return {
    sampler: "ddim-inverse",
    rows,
    slots: 0,
    initialScale: 1,
    variance: "fixed",
    splitsOutput: false,
    threshold: null,
  };
}
