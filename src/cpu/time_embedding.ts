/** shaders/timestep_embedding.wgsl and shaders/fourier_embedding.wgsl in TypeScript. */
import type { Launch } from "./launch";

/** y[row] = (sin(scale t f), cos(scale t f)), or with FLIP the cosines first; f[i] = exp(rate i / divisor) */
export function timestepEmbedding({
  f32: { t, y },
  params: { rows, channels, rate, divisor, scale },
  constants,
}: Launch<"t" | "y", "rows" | "channels" | "rate" | "divisor" | "scale", "FLIP">): void {
  const stride = 4 * Math.ceil(channels / 4);
  const half = Math.floor(channels / 2);
  y.fill(0, 0, rows * stride);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < 2 * half; column++) {
      const frequency = Math.exp((rate * (column % half)) / divisor);
      // Rounded as PyTorch rounds it: at t = 999 the order shows in the fifth digit.
      const angle = Math.fround(scale * Math.fround(t[row]! * Math.fround(frequency)));
      const isSine = column < half !== Boolean(constants.FLIP);
      y[row * stride + column] = isSine ? Math.sin(angle) : Math.cos(angle);
    }
  }
}

/** y[row] = (sin(2 pi ln(t) w), cos(2 pi ln(t) w)) */
export function fourierEmbedding({
  f32: { t, w, y },
  params: { rows, channels: C },
}: Launch<"t" | "w" | "y", "rows" | "channels">): void {
  const stride = 4 * Math.ceil((2 * C) / 4);
  y.fill(0, 0, rows * stride);
  for (let row = 0; row < rows; row++) {
    const level = Math.fround(Math.log(t[row]!));
    for (let c = 0; c < C; c++) {
      // The angle reaches hundreds of turns, where each rounding shows: the products are PyTorch's.
      const angle = Math.fround(Math.fround(Math.fround(level * w[c]!) * 2) * Math.fround(Math.PI));
      y[row * stride + c] = Math.sin(angle);
      y[row * stride + C + c] = Math.cos(angle);
    }
  }
}
