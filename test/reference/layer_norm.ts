/** Layer norm as its definition, in f64: each row of `x`, (rows, D) row-major, to mean 0 and variance 1. */
export function layerNorm(
  x: ArrayLike<number>,
  D: number,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  eps: number,
): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += D) {
    const row = Array.from({ length: D }, (_, d) => x[start + d]!);
    const mean = row.reduce((a, b) => a + b) / D;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / D;
    row.forEach((value, d) => {
      y[start + d] = ((value - mean) / Math.sqrt(variance + eps)) * gamma[d]! + beta[d]!;
    });
  }
  return y;
}
