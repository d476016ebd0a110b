/** PNDM: pseudo linear multistep with a pseudo Runge-Kutta start (Liu et al. 2022), and its improved form IPNDM. */
import { check, InputError } from "../tensor/check";
import { alphasCumprodOf, productAt } from "./betas";
import { plainTable } from "./euler";
import { linspace32 } from "./float32";
import { EPS, type Form, slot, sum, X, ZERO } from "./form";
import { checkPrediction, variancePreserving } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, integerTimesteps } from "./timesteps";

/** Adams-Bashforth weights by order, newest first; order 1 is Euler. */
const ADAMS_BASHFORTH: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/** Outputs are remembered in slots 0 to 2, in turn; the Runge-Kutta start uses two more. */
const RING = 3;
const SAVED_SAMPLE = 3;
const ACCUMULATED = 4;
const RUNGE_KUTTA_STEPS = 3;

/** The table of PNDMScheduler. Here `EPS` is the network's raw output: that is what PNDM extrapolates. */
export function pndm(config: SchedulerConfig, steps: number, { begin = 0 }: SamplerOptions): Table {
  checkSteps(steps, config.num_train_timesteps);
  check(
    config.skip_prk_steps || steps > RUNGE_KUTTA_STEPS,
    () =>
      `pndm: steps must be at least ${RUNGE_KUTTA_STEPS + 1} for its Runge-Kutta start, got ${steps}. ` +
      "Set skip_prk_steps, as Stable Diffusion does, for fewer",
    InputError,
  );
  checkPrediction("pndm", config.prediction_type, ["epsilon", "v_prediction"]);
  const transfer = transferOf(config);
  const stride = Math.floor(config.num_train_timesteps / steps);
  const ascending = integerTimesteps(config, steps).reverse();
  const rows = config.skip_prk_steps
    ? linearRows(config, transfer, withSecondTwice(ascending), stride, begin, 0)
    : rungeKuttaRows(config, transfer, ascending, stride, begin);
  return plainTable("pndm", rows, config.skip_prk_steps ? 4 : 5, 1);
}

/** x at `to`, from x at `from` and the output there: equation 9 of the PNDM paper. */
type Transfer = (x: Form, output: Form, from: number, to: number) => Form;

function transferOf(config: SchedulerConfig): Transfer {
  const products = alphasCumprodOf(config);
  const final = config.set_alpha_to_one ? 1 : productAt(products, 0);
  return (x, output, from, to) => {
    const a = productAt(products, from);
    const next = to >= 0 ? productAt(products, to) : final;
    const eps = config.prediction_type === "v_prediction" ? sum([Math.sqrt(a), output], [Math.sqrt(1 - a), x]) : output;
    const denominator = a * Math.sqrt(1 - next) + Math.sqrt(a * (1 - a) * next);
    return sum([Math.sqrt(next / a), x], [-(next - a) / denominator, eps]);
  };
}

function rowFrom(config: SchedulerConfig, products: readonly number[], timestep: number) {
  const product = productAt(products, timestep);
  const alpha = Math.sqrt(product);
  const sigma = Math.sqrt(1 - product);
  return {
    timestep,
    inputScale: 1,
    x0: variancePreserving(config.prediction_type, alpha, sigma).x0,
    eps: { x: 0, output: 1, x0: 0 },
    clip: Number.POSITIVE_INFINITY,
    draw: null,
    logVariance: null,
    alpha,
    sigma,
  };
}

/** The second timestep is visited twice: the first visit is only a look ahead for the first step. */
function withSecondTwice(ascending: readonly number[]): number[] {
  return [...ascending.slice(0, -1), ...ascending.slice(-2, -1), ...ascending.slice(-1)].reverse();
}

/**
 * The linear multistep rows. `remembered` outputs are in the ring already; without any, the first step is Heun's, for
 * which the first sample is saved.
 */
function linearRows(
  config: SchedulerConfig,
  transfer: Transfer,
  timesteps: readonly number[],
  stride: number,
  begin: number,
  remembered: number,
): Row[] {
  const products = alphasCumprodOf(config);
  let outputs = remembered;
  return timesteps.slice(begin).map((t, k): Row => {
    const row = rowFrom(config, products, t);
    if (remembered === 0 && k === 1) {
      const average = sum([1 / 2, EPS], [1 / 2, slot(0)]);
      return { ...row, next: transfer(slot(SAVED_SAMPLE), average, t + stride, t), writes: [] };
    }
    const weights = ADAMS_BASHFORTH[Math.min(outputs, 3)] ?? [];
    const newest = outputs++;
    const extrapolated = weights.reduce(
      (form, weight, age) => sum([1, form], [weight, age === 0 ? EPS : slot((newest - age) % RING)]),
      ZERO,
    );
    const writes = [{ slot: newest % RING, form: EPS }];
    if (remembered === 0 && k === 0) writes.push({ slot: SAVED_SAMPLE, form: X });
    return { ...row, next: transfer(X, extrapolated, t, t - stride), writes };
  });
}

/** Three Runge-Kutta steps of four evaluations, then the multistep rows. */
function rungeKuttaRows(
  config: SchedulerConfig,
  transfer: Transfer,
  ascending: readonly number[],
  stride: number,
  begin: number,
): Row[] {
  const products = alphasCumprodOf(config);
  const half = Math.floor(stride / 2);
  const points = ascending.slice(-4).flatMap((t) => [t, t + half]);
  const doubled = points.slice(0, -1).flatMap((t) => [t, t]);
  const timesteps = doubled.slice(1, -1).reverse();
  const rows = timesteps.slice(begin).map((t, counter): Row => {
    const stage = counter % 4;
    const start = timesteps[Math.floor(counter / 4) * 4] ?? t;
    const to = t - (counter % 2 === 1 ? 0 : half);
    const row = rowFrom(config, products, t);
    const ring = Math.floor(counter / 4) % RING;
    if (stage === 0) {
      const writes = [
        { slot: ring, form: EPS },
        { slot: SAVED_SAMPLE, form: X },
      ];
      return { ...row, next: transfer(X, EPS, start, to), writes };
    }
    const sofar = stage === 1 ? sum([1 / 6, slot(ring)]) : slot(ACCUMULATED);
    if (stage === 3) {
      return { ...row, next: transfer(slot(SAVED_SAMPLE), sum([1, sofar], [1 / 6, EPS]), start, to), writes: [] };
    }
    const writes = [{ slot: ACCUMULATED, form: sum([1, sofar], [1 / 3, EPS]) }];
    return { ...row, next: transfer(slot(SAVED_SAMPLE), EPS, start, to), writes };
  });
  const linear = ascending.slice(0, -RUNGE_KUTTA_STEPS).reverse();
  const skipped = Math.max(begin - timesteps.length, 0);
  return [...rows, ...linearRows(config, transfer, linear, stride, skipped, RING)];
}

/** The table of IPNDMScheduler: its own sine schedule, Adams-Bashforth from the first step on. */
export function ipndm(config: SchedulerConfig, steps: number, { begin = 0 }: SamplerOptions): Table {
  checkSteps(steps, 100_000);
  const halfTurn = Math.fround(Math.PI);
  const betas =
    config.trained_betas?.map(Math.fround) ??
    linspace32(1, 0, steps + 1).map((ramp) => {
      const sine = Math.fround(Math.sin(Math.fround(Math.fround(ramp * halfTurn) / 2)));
      return Math.fround(sine * sine);
    });
  const alphas = betas.map((value) => Math.fround(Math.sqrt(Math.fround(1 - Math.fround(value * value)))));
  const rows = Array.from({ length: steps - begin }, (_, k): Row => {
    const index = begin + k;
    const [alpha, sigma] = [alphas[index] ?? 1, betas[index] ?? 0];
    const derivative = sum([sigma, X], [alpha, EPS]);
    const weights = ADAMS_BASHFORTH[Math.min(k, 3)] ?? [];
    const extrapolated = weights.reduce(
      (form, weight, age) => sum([1, form], [weight, age === 0 ? derivative : slot((k - age) % RING)]),
      ZERO,
    );
    const scale = 1 / Math.max(alpha, 1e-8);
    const predicted = sum([scale, X], [-sigma * scale, extrapolated]);
    return {
      timestep: Math.fround((Math.atan2(sigma, alpha) / Math.PI) * 2),
      inputScale: 1,
      x0: { x: alpha, output: -sigma },
      eps: { x: 0, output: 1, x0: 0 },
      clip: Number.POSITIVE_INFINITY,
      next: sum([alphas[index + 1] ?? 1, predicted], [betas[index + 1] ?? 0, extrapolated]),
      writes: [{ slot: k % RING, form: derivative }],
      draw: null,
      logVariance: null,
      alpha,
      sigma,
    };
  });
  return plainTable("ipndm", rows, RING, 1);
}
