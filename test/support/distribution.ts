/** Moments of a sample and its largest distance from the normal distribution. */
import { erf } from "../reference/activation";

export interface Distribution {
  readonly mean: number;
  readonly variance: number;
  readonly skewness: number;
  readonly kurtosis: number;
  /** Kolmogorov-Smirnov statistic: sup |F_sample - F_normal|. */
  readonly ks: number;
}

export function distributionOf(values: ArrayLike<number>): Distribution {
  const count = values.length;
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((a, b) => a + b, 0) / count;
  const moment = (order: number) => sorted.reduce((total, value) => total + (value - mean) ** order, 0) / count;
  const variance = moment(2);
  let ks = 0;
  sorted.forEach((value, i) => {
    const normal = 0.5 * (1 + erf(value / Math.SQRT2));
    ks = Math.max(ks, normal - i / count, (i + 1) / count - normal);
  });
  return { mean, variance, skewness: moment(3) / variance ** 1.5, kurtosis: moment(4) / variance ** 2, ks };
}
