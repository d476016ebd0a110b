/**
 * The exponential integrator behind DPM-Solver (Lu et al. 2022, "DPM-Solver++", sections 3 and 4).
 *
 * In lambda = log(alpha / sigma) the linear part of the ODE is solved exactly; what remains is an integral of the
 * prediction against an exponential, approximated by its Taylor polynomial: D0 + D1 h + D2 h^2. The functions below
 * give the weights of x, D0, D1 and D2; how D1 and D2 come from past predictions is each sampler's own matter.
 */
import { check, InputError } from "../tensor/check";
import { type Form, NOISE, sum } from "./form";
import type { SchedulerConfig } from "./rare_config";

export type Algorithm = SchedulerConfig["algorithm_type"];

/** A noise level: x = alpha x0 + sigma eps. */
export interface Level {
  readonly alpha: number;
  readonly sigma: number;
  /** log(alpha / sigma); infinite where there is no noise. */
  readonly lambda: number;
}

/** The level of a variance-preserving process at the noise-to-signal ratio `sigma`. */
export function preservingLevel(sigma: number): Level {
  const alpha = 1 / Math.sqrt(sigma * sigma + 1);
  return levelOf(alpha, sigma * alpha);
}

/** The level of rectified flow. */
export function flowLevel(sigma: number): Level {
  return levelOf(1 - sigma, sigma);
}

/** The level of a process that only adds noise (EDM). */
export function explodingLevel(sigma: number): Level {
  return levelOf(1, sigma);
}

function levelOf(alpha: number, sigma: number): Level {
  return { alpha, sigma, lambda: Math.log(alpha) - Math.log(sigma) };
}

/** Weights of one step from level `from` to level `to`. */
export interface StepWeights {
  readonly x: number;
  readonly d0: number;
  /** Weight of D1 where the polynomial is cut after it and evaluated at the midpoint. */
  readonly midpoint: number;
  /** Weight of D1 from its exact integral ("heun"). */
  readonly d1: number;
  readonly d2: number;
  readonly noise: number;
}

/** The weights by algorithm: "++" integrates the predicted picture, the others the noise; sde ones add noise. */
export function stepWeights(algorithm: Algorithm, to: Level, from: Level): StepWeights {
  const h = to.lambda - from.lambda;
  // A last step from sigma_min to sigma_min has no length; rounding must not make its variance negative.
  const variance = (value: number) => Math.sqrt(Math.max(value, 0));
  switch (algorithm) {
    case "dpmsolver++": {
      const decay = Math.expm1(-h);
      return {
        x: to.sigma / from.sigma,
        d0: -to.alpha * decay,
        midpoint: -0.5 * to.alpha * decay,
        d1: to.alpha * (decay / h + 1),
        d2: -to.alpha * ((decay + h) / h ** 2 - 0.5),
        noise: 0,
      };
    }
    case "sde-dpmsolver++": {
      const decay = -Math.expm1(-2 * h);
      return {
        x: (to.sigma / from.sigma) * Math.exp(-h),
        d0: to.alpha * decay,
        midpoint: 0.5 * to.alpha * decay,
        d1: to.alpha * (decay / (-2 * h) + 1),
        d2: to.alpha * ((decay - 2 * h) / (2 * h) ** 2 - 0.5),
        noise: to.sigma * variance(decay),
      };
    }
    case "sde-dpmsolver": {
      const growth = Math.expm1(h);
      return {
        x: to.alpha / from.alpha,
        d0: -2 * to.sigma * growth,
        midpoint: -to.sigma * growth,
        d1: -2 * to.sigma * (growth / h - 1),
        d2: Number.NaN, // no third order is published for it, and diffusers has none
        noise: to.sigma * variance(Math.expm1(2 * h)),
      };
    }
    case "dpmsolver":
    case "deis": {
      const growth = Math.expm1(h);
      return {
        x: to.alpha / from.alpha,
        d0: -to.sigma * growth,
        midpoint: -0.5 * to.sigma * growth,
        d1: -to.sigma * (growth / h - 1),
        d2: -to.sigma * ((growth - h) / h ** 2 - 0.5),
        noise: 0,
      };
    }
  }
}

/**
 * The order that the levels allow. With nearly as many steps as were trained, rounding visits some timesteps twice;
 * from two equal levels no slope can be taken (diffusers divides by zero there).
 */
export function possibleOrder(wanted: number, to: Level, [s0, s1, s2]: readonly Level[]): number {
  const equal = (a: Level | undefined, b: Level | undefined) => a?.lambda === b?.lambda;
  if (equal(to, s0) || equal(s0, s1)) return 1;
  return Math.min(wanted, equal(s1, s2) ? 2 : 3);
}

/** The first-order step: DDIM in lambda. */
export function firstOrder(algorithm: Algorithm, to: Level, from: Level, x: Form, m: Form): Form {
  const weights = stepWeights(algorithm, to, from);
  return sum([weights.x, x], [weights.d0, m], [weights.noise, NOISE]);
}

/** The multistep step of order 2: the slope is taken from the previous prediction `m1` at level `s1`. */
export function secondOrder(
  config: Pick<SchedulerConfig, "algorithm_type" | "solver_type">,
  levels: { readonly to: Level; readonly s0: Level; readonly s1: Level },
  x: Form,
  [m0, m1]: readonly [Form, Form],
): Form {
  const { to, s0, s1 } = levels;
  const weights = stepWeights(config.algorithm_type, to, s0);
  const ratio = (s0.lambda - s1.lambda) / (to.lambda - s0.lambda);
  const d1 = sum([1 / ratio, m0], [-1 / ratio, m1]);
  const slope = config.solver_type === "heun" ? weights.d1 : weights.midpoint;
  return sum([weights.x, x], [weights.d0, m0], [slope, d1], [weights.noise, NOISE]);
}

/** The multistep step of order 3. */
export function thirdOrder(
  config: Pick<SchedulerConfig, "algorithm_type">,
  levels: { readonly to: Level; readonly s0: Level; readonly s1: Level; readonly s2: Level },
  x: Form,
  [m0, m1, m2]: readonly [Form, Form, Form],
): Form {
  check(
    config.algorithm_type !== "sde-dpmsolver",
    () => `solver_order: "sde-dpmsolver" has orders 1 and 2 only; choose "sde-dpmsolver++" for order 3`,
    InputError,
  );
  const { to, s0, s1, s2 } = levels;
  const weights = stepWeights(config.algorithm_type, to, s0);
  const h = to.lambda - s0.lambda;
  const r0 = (s0.lambda - s1.lambda) / h;
  const r1 = (s1.lambda - s2.lambda) / h;
  const near = sum([1 / r0, m0], [-1 / r0, m1]);
  const far = sum([1 / r1, m1], [-1 / r1, m2]);
  const bend = sum([1, near], [-1, far]);
  const d1 = sum([1, near], [r0 / (r0 + r1), bend]);
  const d2 = sum([1 / (r0 + r1), bend]);
  return sum([weights.x, x], [weights.d0, m0], [weights.d1, d1], [weights.d2, d2], [weights.noise, NOISE]);
}
