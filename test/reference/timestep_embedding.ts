/** Time embeddings as their definitions, in f64. */

export interface ReferenceTimestepEmbedding {
  readonly channels: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
  readonly scale: number;
  readonly maxPeriod: number;
}

/** Sines and cosines of D / 2 frequencies between 1 and 1 / maxPeriod; (rows, D). An odd D ends with a zero. */
export function timestepEmbedding(
  t: ArrayLike<number>,
  { channels: D, flipSinToCos, freqShift, scale, maxPeriod }: ReferenceTimestepEmbedding,
): Float64Array {
  const y = new Float64Array(t.length * D);
  const half = Math.floor(D / 2);
  for (let row = 0; row < t.length; row++) {
    for (let i = 0; i < half; i++) {
      const angle = scale * t[row]! * maxPeriod ** (-i / (half - freqShift));
      y[row * D + i] = flipSinToCos ? Math.cos(angle) : Math.sin(angle);
      y[row * D + half + i] = flipSinToCos ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return y;
}

/** Sines, then cosines, of 2 pi ln(t) w; (rows, 2C). */
export function fourierEmbedding(t: ArrayLike<number>, w: ArrayLike<number>): Float64Array {
  const C = w.length;
  const y = new Float64Array(t.length * 2 * C);
  for (let row = 0; row < t.length; row++) {
    for (let i = 0; i < C; i++) {
      const angle = 2 * Math.PI * Math.log(t[row]!) * w[i]!;
      y[row * 2 * C + i] = Math.sin(angle);
      y[row * 2 * C + C + i] = Math.cos(angle);
    }
  }
  return y;
}
