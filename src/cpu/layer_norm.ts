/** shaders/layer_norm.wgsl in TypeScript. */
import type { Launch } from "./launch";

/** y[r,d] = (x[r,d] - mean[r]) / sqrt(var[r] + eps) * gamma[d] + beta[d] */
export function layerNorm({
  f32: { x, gamma, beta, y },
  params: { rows, columns, channels: D, eps },
}: Launch<"x" | "gamma" | "beta" | "y", "rows" | "columns" | "channels" | "eps">): void {
  for (let row = 0; row < rows; row++) {
    const start = row * 4 * columns;
    let sum = 0;
    for (let d = 0; d < D; d++) sum += x[start + d]!;
    const mean = sum / D;
    let squares = 0;
    for (let d = 0; d < D; d++) squares += (x[start + d]! - mean) ** 2;
    const rstd = 1 / Math.sqrt(squares / D + eps);
    // The padding of gamma and beta is zero, and so is y's.
    for (let d = 0; d < 4 * columns; d++) y[start + d] = (x[start + d]! - mean) * rstd * gamma[d]! + beta[d]!;
  }
}
