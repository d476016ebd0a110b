/** DEIS: exponential integrator with polynomials in log rho (Zhang & Chen 2022, tAB-DEIS). */
import { check, InputError } from "../tensor/check";
import { roundHalfEven } from "./float32";
import { EPS, type Form, slot, sum, X } from "./form";
import { epsFromClipped } from "./prediction";
import type { SchedulerConfig } from "./rare_config";
import { spacing } from "./sigma_schedule";
import { sigmaAt, timestepOf } from "./sigmas";
import { firstOrder, flowLevel, type Level, possibleOrder, preservingLevel } from "./solver";
import { flowSigmas, solverRow, solverTable, solverTraining } from "./solver_schedule";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, solverTimesteps } from "./timesteps";

/** The table of DEISMultistepScheduler. */
export function deis(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  checkSteps(steps, config.num_train_timesteps);
  check(config.solver_order <= 3, () => `deis: solver_order must be 1, 2 or 3, got ${config.solver_order}`, InputError);
  const { timesteps, sigmas } = schedule(config, steps, options);
  const levels = sigmas.map(config.use_flow_sigmas ? flowLevel : preservingLevel);
  const ring = config.solver_order - 1;
  const few = config.lower_order_final && steps < 15;
  const { begin = 0 } = options;
  const rows = Array.from({ length: steps - begin }, (_, k): Row => {
    const index = begin + k;
    const at = (offset: number) => levels[index + offset] as Level;
    const wanted = Math.min(config.solver_order, k + 1, few ? steps - index : 3);
    const order = possibleOrder(wanted, at(1), levels.slice(index - wanted + 1, index + 1).reverse());
    const past = Array.from({ length: order - 1 }, (_unused, age) => slot((k - age - 1) % ring));
    const row = solverRow(config, timesteps[index] ?? 0, sigmas[index] ?? 0, at(0));
    return {
      ...row,
      // diffusers always derives the noise from the predicted picture.
      eps: epsFromClipped(at(0).alpha, at(0).sigma),
      next:
        order === 1
          ? firstOrder("deis", at(1), at(0), X, EPS)
          : polynomialStep(at(1), [at(0), at(-1), ...(order === 3 ? [at(-2)] : [])], [EPS, ...past]),
      writes: ring > 0 ? [{ slot: k % ring, form: EPS }] : [],
      draw: null,
    };
  });
  return solverTable("deis", config, rows, ring);
}

function schedule(config: SchedulerConfig, steps: number, options: SamplerOptions) {
  const { sigmas: all, logSigmas } = solverTraining({ ...config, rescale_betas_zero_snr: false });
  const spaced = spacing(config, all.at(-1) ?? 0, all[0] ?? 0, steps);
  if (spaced) {
    const timesteps = spaced.map((sigma) => timestepOf(sigma, logSigmas));
    const rounded = config.use_karras_sigmas ? timesteps.map(roundHalfEven) : timesteps.map(Math.trunc);
    return { timesteps: rounded, sigmas: [...spaced, spaced.at(-1) ?? 0].map(Math.fround) };
  }
  if (config.use_flow_sigmas) {
    const sigmas = flowSigmas(config, steps, options);
    const timesteps = sigmas.map((sigma) => Math.trunc(sigma * config.num_train_timesteps));
    return { timesteps, sigmas: [...sigmas, sigmas.at(-1) ?? 0].map(Math.fround) };
  }
  const timesteps = solverTimesteps(config, steps, config.num_train_timesteps);
  const sigmas = timesteps.map((t) => sigmaAt(all, t));
  return { timesteps, sigmas: [...sigmas, all[0] ?? 0].map(Math.fround) };
}

/** x' = alpha' (x / alpha + sum_j C_j m_j), C_j the integral of a Lagrange polynomial in log(sigma / alpha). */
function polynomialStep(to: Level, levels: readonly Level[], predictions: readonly Form[]): Form {
  const rhos = levels.map((level) => level.sigma / level.alpha);
  const rhoTo = to.sigma / to.alpha;
  const from = rhos[0] ?? 0;
  const terms = predictions.map((form, j): [number, Form] => {
    const others = rhos.filter((_, i) => i !== j).map(Math.log);
    const own = Math.log(rhos[j] ?? 1);
    const integral = others.length === 1 ? linearIntegral : quadraticIntegral;
    const denominator = others.reduce((product, other) => product * (own - other), 1);
    return [(to.alpha * (integral(rhoTo, others) - integral(from, others))) / denominator, form];
  });
  return sum([to.alpha / (levels[0]?.alpha ?? 1), X], ...terms);
}

/** Antiderivative of (log rho - c). */
function linearIntegral(rho: number, [c = 0]: readonly number[]): number {
  return rho * (Math.log(rho) - 1 - c);
}

/** Antiderivative of (log rho - c)(log rho - d). */
function quadraticIntegral(rho: number, [c = 0, d = 0]: readonly number[]): number {
  const log = Math.log(rho);
  return rho * (c * (d - log + 1) - d * log + d + log ** 2 - 2 * log + 2);
}
