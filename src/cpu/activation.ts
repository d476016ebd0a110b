/** shaders/activation.wgsl and shaders/lib/activations.wgsl in TypeScript. */
import { ACTIVATIONS } from "../kernels/activation";
import type { Launch } from "./launch";

/** The non-linearity that `kind` numbers. */
export function activationOf(kind: number): (x: number) => number {
  switch (kind) {
    case ACTIVATIONS.silu:
      return silu;
    case ACTIVATIONS.gelu:
      return gelu;
    case ACTIVATIONS.mish:
      return mish;
    case ACTIVATIONS.relu:
      return (x) => Math.max(x, 0);
    default:
      return (x) => x;
  }
}

export function activation({ f32: { x, y }, params, constants }: Launch<"x" | "y", "count", "ACTIVATION">): void {
  const f = activationOf(constants.ACTIVATION);
  for (let i = 0; i < 4 * params.count; i++) y[i] = f(x[i]!);
}

function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** x * Phi(x), the exact form. */
function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
}

/** x * tanh(log(1 + e^x)); past 20 the second factor is 1 in f32. */
function mish(x: number): number {
  return x * Math.tanh(x > 20 ? x : Math.log1p(Math.exp(x)));
}

/** Abramowitz and Stegun 7.1.26, as in the shader: |error| <= 1.5e-7. */
function erf(x: number): number {
  const a = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * a);
  const p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - p * Math.exp(-a * a));
}
