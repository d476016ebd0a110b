/** LCM and TCD: few-step sampling of consistency-distilled networks (Luo et al. 2023; Zheng et al. 2024). */
import { check, InputError } from "../tensor/check";
import { alphasCumprodOf, productAt } from "./betas";
import { EPS, NOISE, sum, X, X0 } from "./form";
import { checkPrediction, clipOf, thresholdOf, variancePreserving } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, ownList } from "./timesteps";

const SIGMA_DATA = 0.5; // of the boundary condition; a constant in diffusers

/** The table of LCMScheduler: predict the picture, add the next level's noise to it. */
export function lcm(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  checkPrediction("lcm", config.prediction_type, ["epsilon", "sample", "v_prediction"]);
  const products = alphasCumprodOf(config);
  const original = options.originalInferenceSteps ?? config.original_inference_steps;
  const origin = distilledTimesteps("lcm", config, original, options.strength ?? 1);
  const own = ownList("timesteps", options.timesteps, steps, config.num_train_timesteps);
  const timesteps = (own ?? subset("lcm", origin, steps)).slice(options.begin ?? 0);
  const rows = timesteps.map((t, k): Row => {
    const next = timesteps[k + 1];
    const product = productAt(products, t);
    const alpha = Math.sqrt(product);
    const sigma = Math.sqrt(1 - product);
    const scaled = t * config.timestep_scaling;
    const skip = SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2);
    const out = scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2);
    const denoised = sum([out, X0], [skip, X]);
    const productNext = next === undefined ? 1 : productAt(products, next);
    return {
      timestep: t,
      inputScale: 1,
      ...variancePreserving(config.prediction_type, alpha, sigma),
      clip: clipOf(config),
      next: sum([Math.sqrt(productNext), denoised], [Math.sqrt(1 - productNext), NOISE]),
      writes: [],
      draw: next === undefined ? null : k + 1,
      logVariance: null,
      alpha,
      sigma,
    };
  });
  return {
    sampler: "lcm",
    rows,
    slots: 0,
    initialScale: 1,
    variance: "fixed",
    splitsOutput: false,
    threshold: thresholdOf(config),
  };
}

/** The table of TCDScheduler: step to a lower level s = (1 - eta) t', then noise up to t'. It never clips. */
export function tcd(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  const { eta = 0.3, begin = 0, strength = 1 } = options;
  check(eta >= 0 && eta <= 1, () => `tcd: eta must lie between 0 and 1, got ${eta}`, InputError);
  checkPrediction("tcd", config.prediction_type, ["epsilon", "sample", "v_prediction"]);
  const products = alphasCumprodOf(config);
  // Given originalInferenceSteps, diffusers' TCD visits all training steps, whatever the number.
  const origin =
    options.originalInferenceSteps === undefined
      ? distilledTimesteps("tcd", config, config.original_inference_steps, strength)
      : Array.from({ length: Math.trunc(config.num_train_timesteps * strength) }, (_, t) => t);
  const own = ownList("timesteps", options.timesteps, steps, config.num_train_timesteps);
  const timesteps = (own ?? subset("tcd", origin, steps)).slice(begin);
  const rows = timesteps.map((t, k): Row => {
    const last = k === timesteps.length - 1;
    const next = timesteps[k + 1] ?? 0;
    const [product, productNext] = [productAt(products, t), productAt(products, next)];
    // A float32 product in diffusers: 0.7 * 30 must not fall below 21.
    const productLow = productAt(products, Math.floor(Math.fround(Math.fround(1 - eta) * next)));
    const lower = sum([Math.sqrt(productLow), X0], [Math.sqrt(1 - productLow), EPS]);
    const renoised = eta > 0 && !last;
    const ratio = renoised ? productNext / productLow : 1;
    const [alpha, sigma] = [Math.sqrt(product), Math.sqrt(1 - product)];
    return {
      timestep: t,
      inputScale: 1,
      ...variancePreserving(config.prediction_type, alpha, sigma),
      clip: Number.POSITIVE_INFINITY,
      next: sum([Math.sqrt(ratio), lower], [Math.sqrt(1 - ratio), NOISE]),
      writes: [],
      draw: renoised ? k + 1 : null,
      logVariance: null,
      alpha,
      sigma,
    };
  });
  return {
    sampler: "tcd",
    rows,
    slots: 0,
    initialScale: 1,
    variance: "fixed",
    splitsOutput: false,
    threshold: null,
  };
}

/** The timesteps on which the network was distilled, ascending. */
function distilledTimesteps(sampler: string, config: SchedulerConfig, original: number, strength: number): number[] {
  check(
    original >= 1 && original <= config.num_train_timesteps,
    () => `${sampler}: original_inference_steps must be from 1 to ${config.num_train_timesteps}, got ${original}`,
    InputError,
  );
  check(strength > 0 && strength <= 1, () => `${sampler}: strength must lie in (0, 1], got ${strength}`, InputError);
  const stride = Math.floor(config.num_train_timesteps / original);
  return Array.from({ length: Math.trunc(original * strength) }, (_, i) => (i + 1) * stride - 1);
}

/** `steps` of them, evenly, from the last on. */
function subset(sampler: string, origin: readonly number[], steps: number): number[] {
  checkSteps(steps, origin.length);
  const descending = [...origin].reverse();
  check(descending.length > 0, () => `${sampler}: there is no distilled timestep to visit`, InputError);
  const stride = origin.length / steps;
  return Array.from({ length: steps }, (_, i) => descending[Math.floor(i * stride)] ?? 0);
}
