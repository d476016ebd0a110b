/** Group norm as its definition, in f64. */

/**
 * Normalises each group of channels of `x`, (B, P, C) row-major: mean 0 and variance 1 over the group's channels and all
 * pixels of an image, then `gamma` and `beta` per channel.
 */
export function groupNorm(
  x: ArrayLike<number>,
  [B, P, C]: readonly [B: number, P: number, C: number],
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  groups: number,
  eps: number,
): Float64Array {
  const y = new Float64Array(B * P * C);
  const size = C / groups;
  for (let b = 0; b < B; b++) {
    for (let g = 0; g < groups; g++) {
      const members: number[] = [];
      for (let p = 0; p < P; p++) for (let k = 0; k < size; k++) members.push((b * P + p) * C + g * size + k);
      const mean = members.reduce((sum, i) => sum + x[i]!, 0) / members.length;
      const variance = members.reduce((sum, i) => sum + (x[i]! - mean) ** 2, 0) / members.length;
      for (const i of members) y[i] = ((x[i]! - mean) / Math.sqrt(variance + eps)) * gamma[i % C]! + beta[i % C]!;
    }
  }
  return y;
}
