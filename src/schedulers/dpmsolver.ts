/** DPM-Solver: multistep (Lu et al. 2022, "DPM-Solver++", algorithm 2) and singlestep (algorithm 1). */
import { check, InputError } from "../tensor/check";
import { type Form, NOISE, slot, sum, X } from "./form";
import type { SchedulerConfig } from "./rare_config";
import { firstOrder, type Level, possibleOrder, secondOrder, stepWeights, thirdOrder } from "./solver";
import {
  integrand,
  integratesPicture,
  multistepSchedule,
  singlestepSchedule,
  solverRow,
  solverTable,
} from "./solver_schedule";
import type { Row, SamplerOptions, Table } from "./table";

const SMALL_STEPS = 15; // below this many steps lower_order_final applies

/** The table of DPMSolverMultistepScheduler. */
export function dpmsolver(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  const settled = checkSolver("dpmsolver++", config);
  const { timesteps, sigmas, level } = multistepSchedule(settled, steps, options);
  const levels = sigmas.map(level);
  const rows = multistepRows(settled, levels, options.begin ?? 0, (index) =>
    solverRow(settled, timesteps[index] ?? 0, sigmas[index] ?? 0, levels[index] as Level),
  );
  const name = settled.algorithm_type.startsWith("sde-") ? "sde-dpmsolver++" : "dpmsolver++";
  return solverTable(name, settled, rows, ringOf(settled));
}

/** Old files give solver and algorithm names of other samplers; diffusers reads them as its defaults. */
function checkSolver(sampler: string, config: SchedulerConfig): SchedulerConfig {
  const algorithm_type = config.algorithm_type === "deis" ? "dpmsolver++" : config.algorithm_type;
  const solver_type = config.solver_type === "heun" ? "heun" : "midpoint";
  const settled: SchedulerConfig = { ...config, algorithm_type, solver_type };
  check(
    integratesPicture(settled) || config.final_sigmas_type === "sigma_min",
    () => `${sampler}: final_sigmas_type must be "sigma_min" for algorithm_type "${algorithm_type}", got "zero"`,
    InputError,
  );
  return settled;
}

/** How many predictions are remembered. */
export function ringOf(config: SchedulerConfig): number {
  return Math.min(config.solver_order, 3) - 1;
}

/** The rows of a multistep solver over `levels` (one per step and the final one). */
export function multistepRows(
  config: SchedulerConfig,
  levels: readonly Level[],
  begin: number,
  rowAt: (index: number) => Omit<Row, "next" | "writes" | "draw">,
): Row[] {
  const steps = levels.length - 1;
  const ring = ringOf(config);
  const m = integrand(config);
  const few = config.lower_order_final && steps < SMALL_STEPS;
  const noisy = config.algorithm_type.startsWith("sde-");
  return Array.from({ length: steps - begin }, (_, k): Row => {
    const index = begin + k;
    const at = (offset: number) => levels[index + offset] as Level;
    const past = (age: number) => slot((k - age) % ring);
    const [to, s0] = [at(1), at(0)];
    const final = index === steps - 1 && (config.euler_at_final || few || config.final_sigmas_type === "zero");
    const second = index === steps - 2 && few;
    const wanted = final ? 1 : Math.min(config.solver_order, k + 1, second ? 2 : 3);
    const order = possibleOrder(wanted, to, levels.slice(index - wanted + 1, index + 1).reverse());
    let next: Form;
    if (order === 1) {
      next = firstOrder(config.algorithm_type, to, s0, X, m);
    } else if (order === 2) {
      next = secondOrder(config, { to, s0, s1: at(-1) }, X, [m, past(1)]);
    } else {
      next = thirdOrder(config, { to, s0, s1: at(-1), s2: at(-2) }, X, [m, past(1), past(2)]);
    }
    return {
      ...rowAt(index),
      next,
      writes: ring > 0 ? [{ slot: k % ring, form: m }] : [],
      draw: noisy ? k + 1 : null,
    };
  });
}

/** Slots of the singlestep solver: the two predictions before this one, and the sample that a group starts from. */
const SINGLE_RING = 2;
const GROUP_START = 2;

/** The table of DPMSolverSinglestepScheduler: groups of up to three evaluations make one step of their order. */
export function dpmsolverSinglestep(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  const settled = checkSolver("dpmsolver-singlestep", config);
  check(
    settled.algorithm_type !== "sde-dpmsolver",
    () => "dpmsolver-singlestep: algorithm_type must be dpmsolver, dpmsolver++ or sde-dpmsolver++, got sde-dpmsolver",
    InputError,
  );
  const { begin = 0 } = options;
  const { timesteps, sigmas, level } = singlestepSchedule(settled, steps, options);
  const levels = sigmas.map(level);
  const orders = orderList(settled, steps);
  const m = integrand(settled);
  const noisy = settled.algorithm_type === "sde-dpmsolver++";
  const rows = Array.from({ length: steps - begin }, (_, k): Row => {
    const index = begin + k;
    const at = (offset: number) => levels[index + offset] as Level;
    const order = Math.min(orders[index] ?? 1, k + 1);
    const writes = [{ slot: k % SINGLE_RING, form: m }];
    if (order === 1) writes.push({ slot: GROUP_START, form: X });
    const past = (age: number) => slot((k - age) % SINGLE_RING);
    const row = solverRow(settled, timesteps[index] ?? 0, sigmas[index] ?? 0, at(0));
    let next: Form;
    if (order === 1) next = firstOrder(settled.algorithm_type, at(1), at(0), X, m);
    else if (order === 2) next = groupOfTwo(settled, at(1), at(0), at(-1), [m, past(1)]);
    else next = groupOfThree(settled, at(1), at(0), at(-1), at(-2), [m, past(1), past(2)]);
    return { ...row, next, writes, draw: noisy ? k + 1 : null };
  });
  return solverTable("dpmsolver-singlestep", settled, rows, SINGLE_RING + 1);
}

function groupOfTwo(config: SchedulerConfig, to: Level, s0: Level, s1: Level, [m0, m1]: readonly [Form, Form]): Form {
  const weights = stepWeights(config.algorithm_type, to, s1);
  // Timesteps that rounding visits twice: there is no way to go, or no slope to take.
  if (to.lambda === s1.lambda) return slot(GROUP_START);
  if (s0.lambda === s1.lambda) return sum([weights.x, slot(GROUP_START)], [weights.d0, m1], [weights.noise, NOISE]);
  const ratio = (s0.lambda - s1.lambda) / (to.lambda - s1.lambda);
  const d1 = sum([1 / ratio, m0], [-1 / ratio, m1]);
  const slope = config.solver_type === "heun" ? weights.d1 : weights.midpoint;
  return sum([weights.x, slot(GROUP_START)], [weights.d0, m1], [slope, d1], [weights.noise, NOISE]);
}

function groupOfThree(
  config: SchedulerConfig,
  to: Level,
  s0: Level,
  s1: Level,
  s2: Level,
  [m0, m1, m2]: readonly [Form, Form, Form],
): Form {
  if (s0.lambda === s1.lambda || s1.lambda === s2.lambda) return groupOfTwo(config, to, s0, s2, [m0, m2]);
  const weights = stepWeights(config.algorithm_type, to, s2);
  const h = to.lambda - s2.lambda;
  const r0 = (s0.lambda - s2.lambda) / h;
  const r1 = (s1.lambda - s2.lambda) / h;
  const early = sum([1 / r1, m1], [-1 / r1, m2]);
  const late = sum([1 / r0, m0], [-1 / r0, m2]);
  const start: [number, Form] = [weights.x, slot(GROUP_START)];
  const noise: [number, Form] = [weights.noise, NOISE];
  if (config.solver_type !== "heun") return sum(start, [weights.d0, m2], [weights.d1, late], noise);
  const d1 = sum([r0 / (r0 - r1), early], [-r1 / (r0 - r1), late]);
  const d2 = sum([2 / (r0 - r1), late], [-2 / (r0 - r1), early]);
  return sum(start, [weights.d0, m2], [weights.d1, d1], [weights.d2, d2], noise);
}

/** The order of each step's update: 1 2 3 1 2 3 ..., with what is left over at lower orders. */
function orderList(config: SchedulerConfig, steps: number): number[] {
  const order = Math.min(config.solver_order, 3);
  check(
    config.solver_order <= 3,
    () => `dpmsolver-singlestep: solver_order must be 1, 2 or 3, got ${config.solver_order}`,
    InputError,
  );
  // diffusers switches lower_order_final on where the steps do not divide into groups, or end at sigma 0.
  const lowerFinal = config.lower_order_final || steps % order !== 0 || config.final_sigmas_type === "zero";
  const cycle = Array.from({ length: order }, (_, i) => i + 1);
  const repeated = (times: number) => Array.from({ length: Math.max(times, 0) }, () => cycle).flat();
  const groups = Math.floor(steps / order);
  let orders: number[];
  if (!lowerFinal || order === 1) orders = repeated(groups);
  else if (order === 2) orders = steps % 2 === 0 ? [...repeated(groups - 1), 1, 1] : [...repeated(groups), 1];
  else if (steps % 3 === 0) orders = [...repeated(groups - 1), 1, 2, 1];
  else orders = [...repeated(groups), ...(steps % 3 === 1 ? [1] : [1, 2])];
  if (config.final_sigmas_type === "zero") orders[orders.length - 1] = 1;
  return orders;
}
