/**
 * Noise schedules: how much noise each training step added.
 *
 * `betas[t]` is the variance added at step t, `alphasCumprod[t]` = prod(1 - beta) is the share of the picture's power
 * that is left, so that x_t = sqrt(alphasCumprod) x_0 + sqrt(1 - alphasCumprod) eps (Ho et al. 2020, eq. 4).
 */
import { check, InputError } from "../tensor/check";
import { cumprod32, linspace32 } from "./float32";

/** Fields that choose the noise schedule; the names are those of diffusers' scheduler_config.json. */
export interface NoiseScheduleConfig {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: BetaSchedule;
  readonly trained_betas: readonly number[] | null;
  readonly rescale_betas_zero_snr: boolean;
}

/** `squaredcos_cap_v2` is Nichol & Dhariwal's cosine; `exp` and `laplace` are diffusers' variants of the same rule. */
export type BetaSchedule = "linear" | "scaled_linear" | "squaredcos_cap_v2" | "sigmoid" | "exp" | "laplace";

/** The names of the beta schedules, in the order in which diffusers lists them. */
export const BETA_SCHEDULES: readonly BetaSchedule[] = [
  "linear",
  "scaled_linear",
  "squaredcos_cap_v2",
  "sigmoid",
  "exp",
  "laplace",
];

/** The schedule's betas, one per training step, as float32 values. */
export function betasOf(config: NoiseScheduleConfig): number[] {
  const betas = config.trained_betas ? config.trained_betas.map(Math.fround) : namedBetas(config);
  return config.rescale_betas_zero_snr ? rescaleZeroTerminalSnr(betas) : betas;
}

/** prod(1 - beta) up to each training step, as float32 values. */
export function alphasCumprodOf(config: NoiseScheduleConfig): number[] {
  const alphasCumprod = cumprod32(betasOf(config).map((beta) => Math.fround(1 - beta)));
  alphasCumprod.forEach((value, t) => {
    check(
      value >= 0 && value <= 1,
      () => `alphasCumprodOf: betas must lie between 0 and 1, got a cumulative product of ${value} at timestep ${t}`,
      InputError,
    );
  });
  return alphasCumprod;
}

function namedBetas(config: NoiseScheduleConfig): number[] {
  const { num_train_timesteps: count, beta_start: start, beta_end: end } = config;
  switch (config.beta_schedule) {
    case "linear":
      return linspace32(start, end, count);
    case "scaled_linear":
      return linspace32(Math.sqrt(start), Math.sqrt(end), count).map((root) => Math.fround(root * root));
    case "squaredcos_cap_v2":
      return betasForAlphaBar(count, (t) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2);
    case "exp":
      return betasForAlphaBar(count, (t) => Math.exp(-12 * t));
    case "laplace":
      return betasForAlphaBar(count, laplaceAlphaBar);
    case "sigmoid": {
      const span = Math.fround(end - start);
      return linspace32(-6, 6, count).map((z) => {
        const share = Math.fround(1 / (1 + Math.exp(-z)));
        return Math.fround(Math.fround(share * span) + Math.fround(start));
      });
    }
  }
}

function betasForAlphaBar(count: number, alphaBar: (t: number) => number): number[] {
  const MAX_BETA = 0.999; // Nichol & Dhariwal 2021, section 3.2: keeps the last step from being singular
  return Array.from({ length: count }, (_, i) =>
    Math.fround(Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), MAX_BETA)),
  );
}

function laplaceAlphaBar(t: number): number {
  const side = 0.5 - t >= 0 ? 1 : -1;
  const lambda = -0.5 * side * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
  const snr = Math.exp(lambda);
  return Math.sqrt(snr / (1 + snr));
}

/** Makes sqrt(alphasCumprod) end at 0, with nothing of the picture left (Lin et al. 2023, algorithm 1). */
function rescaleZeroTerminalSnr(betas: readonly number[]): number[] {
  const roots = cumprod32(betas.map((beta) => Math.fround(1 - beta))).map((value) => Math.fround(Math.sqrt(value)));
  const first = roots[0] ?? 1;
  const last = roots.at(-1) ?? 0;
  const scale = Math.fround(first / Math.fround(first - last));
  const alphasBar = roots.map((root) => {
    const shifted = Math.fround(Math.fround(root - last) * scale);
    return Math.fround(shifted * shifted);
  });
  return alphasBar.map((value, t) => {
    const previous = t === 0 ? 1 : (alphasBar[t - 1] ?? 1);
    return Math.fround(1 - Math.fround(value / previous));
  });
}

/** The cumulative product at timestep `t`; a spacing with an offset can ask for one that was never trained. */
export function productAt(alphasCumprod: readonly number[], t: number): number {
  const product = alphasCumprod[t];
  check(
    product !== undefined,
    () => `productAt: timesteps must be below num_train_timesteps = ${alphasCumprod.length}, got ${t} (steps_offset?)`,
    InputError,
  );
  return product;
}
