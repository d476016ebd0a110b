/** UniPC: one predictor and one corrector of any order, sharing the network's evaluations (Zhao et al. 2023). */
import { check, InputError } from "../tensor/check";
import { linspace64, roundHalfEven } from "./float32";
import { EPS, type Form, MAX_SLOTS, slot, sum, X, X0, ZERO } from "./form";
import type { SchedulerConfig } from "./rare_config";
import { spacing } from "./sigma_schedule";
import { shifted, sigmaAt, stretchToTerminal, timeShift, timestepOf } from "./sigmas";
import { flowLevel, type Level, preservingLevel } from "./solver";
import { solverRow, solverTable, solverTraining } from "./solver_schedule";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, ownList, solverTimesteps } from "./timesteps";

/** The table of UniPCMultistepScheduler: slot 0 holds the last corrected sample, the others the last predictions. */
export function unipc(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  checkSteps(steps, config.num_train_timesteps);
  const ring = config.solver_order;
  check(ring < MAX_SLOTS, () => `unipc: solver_order must be below ${MAX_SLOTS}, got ${ring}`, InputError);
  // At sigma = 0 lambda is infinite: only a first-order step of the predicted picture can end there.
  check(
    config.final_sigmas_type === "sigma_min" ||
      (config.predict_x0 && (config.lower_order_final || ring === 1 || steps === 1)),
    () =>
      `unipc: final_sigmas_type must be "sigma_min" where predict_x0 or lower_order_final is false, got "zero" with ` +
      `predict_x0 = ${config.predict_x0} and lower_order_final = ${config.lower_order_final}`,
    InputError,
  );
  const { timesteps, sigmas } = schedule(config, steps, options);
  const levels = sigmas.map(config.use_flow_sigmas ? flowLevel : preservingLevel);
  const m = config.predict_x0 ? X0 : EPS;
  const { begin = 0 } = options;
  const rows: Row[] = [];
  let lastOrder = 0;
  for (let index = begin; index < steps; index++) {
    const k = index - begin;
    const past = (age: number) => slot(1 + ((k - age) % ring));
    const at = (offset: number) => levels[index + offset] as Level;
    const corrects = k > 0 && !config.disable_corrector.includes(index - 1);
    let sample = X;
    if (corrects) {
      const older = Array.from({ length: lastOrder - 1 }, (_, i) => ({ form: past(i + 2), level: at(-i - 2) }));
      sample = unifiedStep(config, at(0), { form: past(1), level: at(-1) }, older, slot(0), m);
    }
    const order = Math.min(config.lower_order_final ? Math.min(ring, steps - index) : ring, k + 1);
    const older = Array.from({ length: order - 1 }, (_, i) => ({ form: past(i + 1), level: at(-i - 1) }));
    rows.push({
      ...solverRow(
        { ...config, thresholding: config.thresholding && config.predict_x0 },
        timesteps[index] ?? 0,
        sigmas[index] ?? 0,
        at(0),
      ),
      next: unifiedStep(config, at(1), { form: m, level: at(0) }, older, sample, null),
      writes: [
        { slot: 0, form: sample },
        { slot: 1 + (k % ring), form: m },
      ],
      draw: null,
    });
    lastOrder = order;
  }
  return solverTable("unipc", { ...config, thresholding: config.thresholding && config.predict_x0 }, rows, ring + 1);
}

function schedule(config: SchedulerConfig, steps: number, options: SamplerOptions) {
  const { sigmas: all, logSigmas } = solverTraining(config);
  const max = config.sigma_max ?? all.at(-1) ?? 0;
  const min = config.sigma_min ?? all[0] ?? 0;
  const withFinal = (sigmas: readonly number[], smallest: number) =>
    [...sigmas, config.final_sigmas_type === "sigma_min" ? smallest : 0].map(Math.fround);
  const spaced = spacing(config, max, min, steps);
  if (spaced) {
    const flow = config.use_karras_sigmas && config.use_flow_sigmas;
    const sigmas = flow ? spaced.map((sigma) => sigma / (sigma + 1)) : spaced;
    const times = sigmas.map((sigma) => (flow ? sigma * config.num_train_timesteps : timestepOf(sigma, logSigmas)));
    const rounded = config.use_karras_sigmas && !flow ? times.map(roundHalfEven) : times.map(Math.trunc);
    return { timesteps: rounded, sigmas: withFinal(sigmas, sigmas.at(-1) ?? 0) };
  }
  if (config.use_flow_sigmas) {
    const sigmas = flowSigmas(config, steps, options);
    const timesteps = sigmas.map((sigma) => Math.trunc(sigma * config.num_train_timesteps));
    return { timesteps, sigmas: withFinal(sigmas, sigmas.at(-1) ?? 0) };
  }
  const timesteps = solverTimesteps(config, steps, config.num_train_timesteps);
  return {
    timesteps,
    sigmas: withFinal(
      timesteps.map((t) => sigmaAt(all, t)),
      all[0] ?? 0,
    ),
  };
}

function flowSigmas(config: SchedulerConfig, steps: number, { mu, sigmas: own }: SamplerOptions): number[] {
  check(
    !config.use_dynamic_shifting || mu !== undefined,
    () => "unipc: use_dynamic_shifting needs the option mu",
    InputError,
  );
  const even =
    ownList("sigmas", own, steps, 1.001) ?? linspace64(1, 1 / config.num_train_timesteps, steps + 1).slice(0, -1);
  const moved = even.map((sigma) =>
    config.use_dynamic_shifting ? timeShift(config.time_shift_type, mu ?? 0, sigma) : shifted(sigma, config.flow_shift),
  );
  const sigmas = config.shift_terminal ? stretchToTerminal(moved, config.shift_terminal) : moved;
  const NEARLY_ALL = 1e-6; // at sigma = 1 nothing of the picture is left and lambda is infinite
  return sigmas.map((sigma, i) => (i === 0 && Math.abs(sigma - 1) < NEARLY_ALL ? sigma - NEARLY_ALL : sigma));
}

interface Past {
  readonly form: Form;
  readonly level: Level;
}

/**
 * UniP (`corrected` null) or UniC (with the prediction at the target): equations 3 and 8 of the paper. `newest` is the
 * prediction at the level that the step starts from, `given` those before it.
 */
function unifiedStep(
  config: SchedulerConfig,
  to: Level,
  newest: Past,
  given: readonly Past[],
  x: Form,
  corrected: Form | null,
): Form {
  const from = newest.level;
  const h = to.lambda - from.lambda;
  // A timestep that rounding visits twice has no way to go, and no slope can be taken from two equal levels.
  if (h === 0) return x;
  const seen = new Set([from.lambda]);
  const older = given.filter(({ level }) => !seen.has(level.lambda) && seen.add(level.lambda));
  const signed = config.predict_x0 ? -h : h;
  const phi1 = Math.expm1(signed);
  const B = config.solver_type === "bh1" ? signed : phi1;
  const ratios = [...older.map((past) => (past.level.lambda - from.lambda) / h), 1];
  const differences = older.map((past, i) =>
    sum([1 / (ratios[i] ?? 1), past.form], [-1 / (ratios[i] ?? 1), newest.form]),
  );
  const rhos = corrected ? correctorWeights(ratios, signed, B) : predictorWeights(ratios, signed, B);
  let residual = differences.reduce((form, difference, i) => sum([1, form], [rhos[i] ?? 0, difference]), ZERO);
  if (corrected) residual = sum([1, residual], [rhos.at(-1) ?? 0, sum([1, corrected], [-1, newest.form])]);
  const outer = config.predict_x0 ? to.alpha : to.sigma;
  const keep = config.predict_x0 ? to.sigma / from.sigma : to.alpha / from.alpha;
  // Without a residual its weight must not appear: it may be infinite at the last step.
  const scale = differences.length > 0 || corrected ? -outer * B : 0;
  return sum([keep, x], [-outer * phi1, newest.form], [scale, residual]);
}

function predictorWeights(ratios: readonly number[], h: number, B: number): number[] {
  if (ratios.length === 1) return [];
  if (ratios.length === 2) return [0.5]; // the paper's shortcut for order 2, which spares it B(h)
  return solve(...system(ratios, h, B, ratios.length - 1));
}

function correctorWeights(ratios: readonly number[], h: number, B: number): number[] {
  if (ratios.length === 1) return [0.5];
  return solve(...system(ratios, h, B, ratios.length));
}

/** The first `size` equations: sum_k ratio_k^(i - 1) rho_k = i! phi_(i+1)(h) / B. */
function system(ratios: readonly number[], h: number, B: number, size: number): [number[][], number[]] {
  const matrix: number[][] = [];
  const right: number[] = [];
  let phi = Math.expm1(h) / h - 1;
  let factorial = 1;
  for (let i = 1; i <= size; i++) {
    matrix.push(ratios.slice(0, size).map((ratio) => ratio ** (i - 1)));
    right.push((phi * factorial) / B);
    factorial *= i + 1;
    phi = phi / h - 1 / factorial;
  }
  return [matrix, right];
}

/** Gaussian elimination with partial pivoting, for at most five unknowns. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++)
      if (Math.abs(at(row, column)) > Math.abs(at(pivot, column))) pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot] ?? [], rows[column] ?? []];
    const pivotRow = rows[column] ?? [];
    for (let row = column + 1; row < size; row++) {
      const factor = at(row, column) / at(column, column);
      rows[row] = (rows[row] ?? []).map((value, k) => value - factor * (pivotRow[k] ?? 0));
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row--) {
    let value = at(row, size);
    for (let k = row + 1; k < size; k++) value -= at(row, k) * (solution[k] ?? 0);
    solution[row] = value / at(row, row);
  }
  return solution;
}
