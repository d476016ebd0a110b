/** LMS: linear multistep (Adams-Bashforth on uneven sigmas, after Katherine Crowson's k-diffusion). */
import { check, InputError } from "../tensor/check";
import { plainTable } from "./euler";
import { EPS, type Form, MAX_SLOTS, slot, sum, X } from "./form";
import { varianceExploding } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import { sigmaSchedule } from "./sigma_schedule";
import type { Row, SamplerOptions, Table } from "./table";

/** The table of LMSDiscreteScheduler. The derivatives of the last order - 1 rows are kept in a ring of slots. */
export function lms(config: SchedulerConfig, steps: number, { order = 4, begin = 0 }: SamplerOptions): Table {
  check(
    Number.isInteger(order) && order >= 1 && order <= MAX_SLOTS + 1,
    () => `lms: order must be an integer from 1 to ${MAX_SLOTS + 1}, got ${order}`,
    InputError,
  );
  const { timesteps, sigmas, initialScale } = sigmaSchedule(config, steps);
  const ring = order - 1;
  const rows = timesteps.slice(begin).map((timestep, k): Row => {
    const index = begin + k;
    const sigma = sigmas[index] ?? 0;
    const terms: [number, Form][] = [[1, X]];
    const used = Math.min(index + 1, order);
    for (let age = 0; age < Math.min(used, k + 1); age++) {
      const weight = lagrangeIntegral(sigmas, index, used, age);
      terms.push([weight, age === 0 ? EPS : slot((k - age) % ring)]);
    }
    return {
      timestep,
      inputScale: 1 / Math.sqrt(sigma * sigma + 1),
      ...varianceExploding(config.prediction_type, sigma),
      clip: Number.POSITIVE_INFINITY,
      next: sum(...terms),
      writes: ring > 0 ? [{ slot: k % ring, form: EPS }] : [],
      draw: null,
      logVariance: null,
      alpha: 1,
      sigma,
    };
  });
  return plainTable("lms", rows, ring, initialScale);
}

// Gauss-Legendre nodes and weights on [-1, 1]; four points integrate polynomials up to degree 7 exactly.
const NODES = [-0.8611363115940526, -0.33998104358485626, 0.33998104358485626, 0.8611363115940526];
const WEIGHTS = [0.34785484513745385, 0.6521451548625461, 0.6521451548625461, 0.34785484513745385];

/** Integral from sigma_i to sigma_{i+1} of the Lagrange polynomial that is 1 at sigma_{i-age} and 0 at the others. */
function lagrangeIntegral(sigmas: readonly number[], i: number, order: number, age: number): number {
  const from = sigmas[i] ?? 0;
  const to = sigmas[i + 1] ?? 0;
  const own = sigmas[i - age] ?? 0;
  const half = (to - from) / 2;
  return NODES.reduce((total, node, n) => {
    const tau = from + half * (node + 1);
    let product = 1;
    for (let k = 0; k < order; k++) {
      if (k !== age) product *= (tau - (sigmas[i - k] ?? 0)) / (own - (sigmas[i - k] ?? 0));
    }
    return total + half * (WEIGHTS[n] ?? 0) * product;
  }, 0);
}
