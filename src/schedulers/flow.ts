/** Flow matching: x = (1 - sigma) x0 + sigma noise, and the network predicts dx / dsigma (Esser et al. 2024). */
import { check, InputError } from "../tensor/check";
import { churn, plainTable } from "./euler";
import { linspace32, linspace64 } from "./float32";
import { EPS, type Form, NOISE, slot, sum, X, X0 } from "./form";
import type { SchedulerConfig } from "./rare_config";
import { spacing } from "./sigma_schedule";
import { shifted, stretchToTerminal, timeShift } from "./sigmas";
import type { Row, SamplerOptions, Table } from "./table";
import { checkSteps, ownList } from "./timesteps";

const MOST_STEPS = 10_000;

/** Here `EPS` is the network's output, the velocity: that is what flow samplers integrate. */
function rowAt(timestep: number, sigma: number) {
  return {
    timestep: Math.fround(timestep),
    inputScale: 1,
    x0: { x: 1, output: -sigma },
    eps: { x: 0, output: 1, x0: 0 },
    clip: Number.POSITIVE_INFINITY,
    logVariance: null,
    alpha: 1 - sigma,
    sigma,
  };
}

/** Largest and smallest sigma of training, shifted once; the sampling sigmas between them are shifted again. */
function trainingRange(config: SchedulerConfig): [max: number, min: number] {
  const count = config.num_train_timesteps;
  const ends = linspace32(1, count, count);
  const shift = config.use_dynamic_shifting ? 1 : config.shift;
  const at = (t: number) => Math.fround(shifted(Math.fround(t / count), shift));
  return [at(ends.at(-1) ?? count), at(ends[0] ?? 1)];
}

function evenSigmas(config: SchedulerConfig, steps: number): number[] {
  const [max, min] = trainingRange(config);
  const count = config.num_train_timesteps;
  return linspace64(max * count, min * count, steps).map((t) => t / count);
}

/** The table of FlowMatchEulerDiscreteScheduler. */
export function flowEuler(config: SchedulerConfig, steps: number, { mu, begin = 0, ...own }: SamplerOptions): Table {
  checkSteps(steps, MOST_STEPS);
  check(
    !config.use_dynamic_shifting || mu !== undefined,
    () => "flow-euler: use_dynamic_shifting needs the option mu, which a pipeline computes from the picture's size",
    InputError,
  );
  const count = config.num_train_timesteps;
  const ownTimesteps = ownList("timesteps", own.timesteps, steps, count * 1.001)?.map(Math.fround);
  const ownSigmas = ownList("sigmas", own.sigmas, steps, 1.001)?.map(Math.fround);
  const even = ownSigmas ?? ownTimesteps?.map((t) => t / count) ?? evenSigmas(config, steps);
  const moved = even.map((sigma) =>
    config.use_dynamic_shifting ? timeShift(config.time_shift_type, mu ?? 0, sigma) : shifted(sigma, config.shift),
  );
  const stretched = config.shift_terminal ? stretchToTerminal(moved, config.shift_terminal) : moved;
  const spaced = spacing(config, stretched[0] ?? 1, stretched.at(-1) ?? 0, steps) ?? stretched;
  const upright = spaced.map(Math.fround);
  const sigmas = config.invert_sigmas ? upright.map((sigma) => Math.fround(1 - sigma)) : upright;
  const final = config.invert_sigmas ? 1 : 0;
  const rows = sigmas.slice(begin).map((sigma, k): Row => {
    const next = sigmas[begin + k + 1] ?? final;
    return {
      ...rowAt((config.invert_sigmas ? undefined : ownTimesteps?.[begin + k]) ?? sigma * count, sigma),
      next: config.stochastic_sampling ? sum([1 - next, X0], [next, NOISE]) : sum([1, X], [next - sigma, EPS]),
      writes: [],
      draw: config.stochastic_sampling ? k + 1 : null,
    };
  });
  return plainTable("flow-euler", rows, 0, 1);
}

/** The table of FlowMatchHeunDiscreteScheduler. The second evaluation averages the slopes, as Heun does. */
export function flowHeun(config: SchedulerConfig, steps: number, options: SamplerOptions): Table {
  checkSteps(steps, MOST_STEPS);
  const { begin = 0 } = options;
  const sigmas = evenSigmas(config, steps).map((sigma) => Math.fround(shifted(sigma, config.shift)));
  const count = config.num_train_timesteps;
  const divisor = Math.max(2 * steps - 1, 1); // diffusers divides the churn by the number of evaluations
  const rows: Row[] = [];
  let draws = 0;
  const noised = (added: number): Form => sum([1, X], [added, NOISE]);
  for (let i = begin; i < steps; i++) {
    const sigma = sigmas[i] ?? 0;
    const sigmaNext = sigmas[i + 1] ?? 0;
    const last = i === steps - 1;
    const { sigmaHat, added } = churn(sigma, divisor, options);
    const dt = sigmaNext - sigmaHat;
    const slope = sigma / sigmaHat; // diffusers divides a difference made at sigma by sigmaHat
    if (added > 0) draws++;
    rows.push({
      ...rowAt(sigma * count, sigma),
      next: sum([1, noised(added)], [dt * slope, EPS]),
      writes: last ? [] : [{ slot: 0, form: sum([1, noised(added)], [(dt * slope) / 2, EPS]) }],
      draw: added > 0 ? draws : null,
    });
    if (last) break;
    // The churned copy of the second state is thrown away, but its noise is drawn all the same.
    if (added > 0) draws++;
    rows.push({
      ...rowAt(sigmaNext * count, sigmaNext),
      next: sum([1, slot(0)], [dt / 2, EPS]),
      writes: [],
      draw: null,
    });
  }
  return plainTable("flow-heun", rows, 1, 1);
}
