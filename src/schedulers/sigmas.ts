/**
 * Sigma spacings: how the noise levels between the largest and the smallest sigma are spread over the steps.
 *
 * sigma is the noise-to-signal ratio sqrt((1 - alphasCumprod) / alphasCumprod), the scale on which Euler, Heun, LMS and
 * the DPM solvers work. All lists run in the order of sampling, from large to small.
 */
import { betaQuantile } from "./beta_quantile";
import { linspace64 } from "./float32";

/** sigma of every training step (ascending), with torch's float32 roundings. */
export function trainingSigmas(alphasCumprod: readonly number[]): number[] {
  return alphasCumprod.map((product) => Math.fround(Math.sqrt(Math.fround(Math.fround(1 - product) / product))));
}

/** Rescaled schedules end at alpha = 0, where sigma is infinite: diffusers leaves this much of the picture instead. */
export function withoutInfinity(alphasCumprod: readonly number[]): number[] {
  return alphasCumprod.map((product, t) => (t === alphasCumprod.length - 1 ? 2 ** -24 : product));
}

/** sigma at a fractional timestep, by linear interpolation between training steps. */
export function sigmaAt(sigmas: readonly number[], t: number): number {
  const position = Math.min(Math.max(t, 0), sigmas.length - 1);
  const low = Math.floor(position);
  const below = sigmas[low] ?? 0;
  const above = sigmas[Math.min(low + 1, sigmas.length - 1)] ?? below;
  return position === low ? below : (above - below) * (position - low) + below;
}

/** The fractional timestep at which the training schedule has `sigma`, by linear interpolation of its logarithm. */
export function timestepOf(sigma: number, logSigmas: readonly number[]): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  logSigmas.forEach((value, t) => {
    if (logSigma >= value) low = t;
  });
  low = Math.max(Math.min(low, logSigmas.length - 2), 0);
  const below = logSigmas[low] ?? 0;
  const above = logSigmas[low + 1] ?? below;
  if (above === below) return low;
  const weight = Math.min(Math.max((below - logSigma) / (below - above), 0), 1);
  return (1 - weight) * low + weight * (low + 1);
}

/** Karras et al. 2022, equation 5: even in sigma^(1 / rho). */
export function karras(max: number, min: number, steps: number, rho = 7): number[] {
  return linspace64(0, 1, steps).map((ramp) => karrasAt(ramp, max, min, rho));
}

/** One point of Karras's spacing: `ramp` 0 is the largest sigma, 1 the smallest. */
export function karrasAt(ramp: number, max: number, min: number, rho: number): number {
  const start = max ** (1 / rho);
  return (start + ramp * (min ** (1 / rho) - start)) ** rho;
}

/** Even in the logarithm of sigma. */
export function exponential(max: number, min: number, steps: number): number[] {
  return linspace64(Math.log(max), Math.log(min), steps).map(Math.exp);
}

/** Quantiles of Beta(0.6, 0.6): dense at both ends. */
export function beta(max: number, min: number, steps: number): number[] {
  return linspace64(0, 1, steps).map((ramp) => min + betaQuantile(1 - ramp, 0.6, 0.6) * (max - min));
}

/** Even in lambda = -log sigma (Lu et al. 2022, section 4): given and returned as sigmas. */
export function lu(logMax: number, logMin: number, steps: number): number[] {
  return linspace64(0, 1, steps).map((ramp) => Math.exp(logMax + ramp * (logMin - logMax)));
}

/** Sigmas of rectified flow: even in (0, 1], then shifted towards noise (Esser et al. 2024, equation 23). */
export function shifted(sigma: number, shift: number): number {
  return (shift * sigma) / (1 + (shift - 1) * sigma);
}

/** The shift as a function of mu = log(shift) or of mu itself (FLUX and its kin). */
export function timeShift(type: "exponential" | "linear", mu: number, sigma: number): number {
  const weight = type === "exponential" ? Math.exp(mu) : mu;
  return weight / (weight + (1 / sigma - 1));
}

/** Stretches sigmas so that the last one is `terminal`. */
export function stretchToTerminal(sigmas: readonly number[], terminal: number): number[] {
  const scale = (1 - (sigmas.at(-1) ?? 0)) / (1 - terminal);
  return sigmas.map((sigma) => 1 - (1 - sigma) / scale);
}
