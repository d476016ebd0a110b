/**
 * The sums and means that diffusers' own tests assert (tests/schedulers/test_scheduler_*.py at 58eb52c), with their
 * model, sample and noise. Several of those tests feed the scaled input back as the state; `feedback` repeats that.
 */
import { describe, expect, test } from "vitest";
import { TorchCpuGenerator } from "../../src/random/mt19937";
import { EPS, slot, sum, X } from "../../src/schedulers/form";
import { makeTable, schedulerFromConfig } from "../../src/schedulers/registry";
import type { Row, SamplerOptions, Table } from "../../src/schedulers/table";
import { runTable } from "../reference/sampler";

const [B, C, H, W] = [4, 3, 8, 8];
const SIZE = B * C * H * W;

/** `torch.arange(768).reshape(3, 8, 8, 4).permute(3, 0, 1, 2) / 768`, in NCHW order; the noise counts down instead. */
function dummy(down: boolean): Float64Array {
  const values = new Float64Array(SIZE);
  for (let b = 0; b < B; b++) {
    for (let rest = 0; rest < C * H * W; rest++) {
      const count = rest * B + b;
      values[b * C * H * W + rest] = (down ? SIZE - 1 - count : count) / SIZE;
    }
  }
  return values;
}

interface Loop {
  readonly class: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly options?: SamplerOptions;
  /** The tests that scale the first sample by init_noise_sigma. */
  readonly scaled?: boolean;
  /** What the network sees: the sample itself, the scaled input, or the scaled input, which is also the next state. */
  readonly sees?: "sample" | "input" | "feedback";
  readonly sum?: number;
  readonly mean: number;
}

function run(loop: Loop): Float64Array {
  const { sees = "sample", options = {} } = loop;
  const table = makeTable(schedulerFromConfig({ ...loop.config, _class_name: loop.class }), loop.steps, options);
  const scaleAt = (row: number) => table.rows[row]?.inputScale ?? 1;
  const noise = dummy(true);
  const { alpha, sigma } = table.rows[0]!;
  let x = dummy(false).map((value) => (loop.scaled ? table.initialScale * value : value));
  if (options.begin !== undefined) x = x.map((value, i) => alpha * value + sigma * noise[i]!);
  if (sees === "feedback") x = x.map((value) => scaleAt(0) * value);
  const generator = new TorchCpuGenerator(0n);
  return runTable(table, {
    x,
    model: (input, t, row) => input.map((value) => (sees === "input" ? value : value / scaleAt(row)) * (t / (t + 1))),
    noise: () => Float64Array.from(generator.randn(SIZE)),
    imageSize: SIZE / B,
    disturb: (value, _i, row) => (sees === "feedback" ? scaleAt(row + 1) * value : value),
  });
}

const LINEAR = { beta_start: 0.0001, beta_end: 0.02, beta_schedule: "linear" };
const SIGMA = { ...LINEAR, num_train_timesteps: 1100 };
const MULTI = { ...LINEAR, lower_order_final: false, final_sigmas_type: "sigma_min" };
const SINGLE = { ...LINEAR, final_sigmas_type: "sigma_min" };
const UNIPC = { ...LINEAR, solver_order: 2, solver_type: "bh2", final_sigmas_type: "sigma_min" };
const EDM_DPM = { sigma_min: 0.002, sigma_max: 80, lower_order_final: false, final_sigmas_type: "sigma_min" };
const V = { prediction_type: "v_prediction" };
const KARRAS = { use_karras_sigmas: true };
const THRESHOLD = { thresholding: true, dynamic_thresholding_ratio: 0.87, sample_max_value: 0.5 };
const back = { scaled: true, sees: "feedback" } as const;

const LOOPS: readonly Loop[] = [
  { class: "DDPMScheduler", config: LINEAR, steps: 1000, sum: 258.9606, mean: 0.3372 },
  { class: "DDPMScheduler", config: { ...LINEAR, ...V }, steps: 1000, sum: 202.0296, mean: 0.2631 },
  { class: "DDPMScheduler", config: LINEAR, steps: 1000, options: { begin: 998 }, sum: 387.9466, mean: 0.5051 },
  { class: "DDIMScheduler", config: LINEAR, steps: 10, sum: 172.0067, mean: 0.223967 },
  { class: "DDIMScheduler", config: { ...LINEAR, ...V }, steps: 10, sum: 52.5302, mean: 0.0684 },
  { class: "DDIMScheduler", config: { ...LINEAR, beta_start: 0.01 }, steps: 10, sum: 149.8295, mean: 0.1951 },
  {
    class: "DDIMScheduler",
    config: { ...LINEAR, beta_start: 0.01, set_alpha_to_one: false },
    steps: 10,
    sum: 149.0784,
    mean: 0.1941,
  },
  { class: "DDIMScheduler", config: LINEAR, steps: 10, options: { begin: 8 }, sum: 354.5418, mean: 0.4616 },
  { class: "DDIMInverseScheduler", config: LINEAR, steps: 10, sum: 671.6816, mean: 0.8746 },
  { class: "DDIMInverseScheduler", config: { ...LINEAR, ...V }, steps: 10, sum: 1394.2185, mean: 1.8154 },
  { class: "DDIMInverseScheduler", config: { ...LINEAR, beta_start: 0.01 }, steps: 10, sum: 539.9622, mean: 0.7031 },
  {
    class: "DDIMInverseScheduler",
    config: { ...LINEAR, beta_start: 0.01, set_alpha_to_one: false },
    steps: 10,
    sum: 542.6722,
    mean: 0.7066,
  },
  { class: "PNDMScheduler", config: LINEAR, steps: 10, sum: 198.1318, mean: 0.258 },
  { class: "PNDMScheduler", config: { ...LINEAR, ...V }, steps: 10, sum: 67.3986, mean: 0.0878 },
  {
    class: "PNDMScheduler",
    config: { ...LINEAR, beta_start: 0.01, set_alpha_to_one: true },
    steps: 10,
    sum: 230.0399,
    mean: 0.2995,
  },
  { class: "PNDMScheduler", config: { ...LINEAR, beta_start: 0.01 }, steps: 10, sum: 186.9482, mean: 0.2434 },
  { class: "LMSDiscreteScheduler", config: SIGMA, steps: 10, ...back, sum: 1006.388, mean: 1.31 },
  { class: "LMSDiscreteScheduler", config: { ...SIGMA, ...V }, steps: 10, ...back, sum: 0.0017, mean: 2.2676e-6 },
  { class: "LMSDiscreteScheduler", config: { ...SIGMA, ...KARRAS }, steps: 10, ...back, sum: 3812.9927, mean: 4.9648 },
  {
    class: "LMSDiscreteScheduler",
    config: SIGMA,
    steps: 10,
    options: { begin: 8 },
    ...back,
    sum: 27663.6895,
    mean: 36.0204,
  },
  { class: "EulerDiscreteScheduler", config: SIGMA, steps: 10, ...back, sum: 10.0807, mean: 0.0131 },
  { class: "EulerDiscreteScheduler", config: { ...SIGMA, ...V }, steps: 10, ...back, sum: 0.0002, mean: 2.2676e-6 },
  { class: "EulerDiscreteScheduler", config: { ...SIGMA, ...KARRAS }, steps: 10, ...back, sum: 124.523, mean: 0.16214 },
  {
    class: "EulerDiscreteScheduler",
    config: SIGMA,
    steps: 10,
    options: { begin: 8 },
    ...back,
    sum: 57062.9297,
    mean: 74.3007,
  },
  { class: "EulerAncestralDiscreteScheduler", config: SIGMA, steps: 10, ...back, sum: 152.3192, mean: 0.1983 },
  {
    class: "EulerAncestralDiscreteScheduler",
    config: { ...SIGMA, ...V },
    steps: 10,
    ...back,
    sum: 108.4439,
    mean: 0.1412,
  },
  {
    class: "EulerAncestralDiscreteScheduler",
    config: SIGMA,
    steps: 10,
    options: { begin: 8 },
    ...back,
    sum: 56163.0508,
    mean: 73.129,
  },
  { class: "HeunDiscreteScheduler", config: SIGMA, steps: 10, ...back, sum: 0.1233, mean: 0.0002 },
  { class: "HeunDiscreteScheduler", config: { ...SIGMA, ...V }, steps: 10, ...back, sum: 4.6934e-7, mean: 6.1112e-10 },
  {
    class: "HeunDiscreteScheduler",
    config: { ...SIGMA, ...KARRAS },
    steps: 10,
    ...back,
    sum: 0.00015,
    mean: 1.9869e-7,
  },
  {
    class: "HeunDiscreteScheduler",
    config: SIGMA,
    steps: 10,
    options: { begin: 8 },
    ...back,
    sum: 75074.8906,
    mean: 97.7538,
  },
  { class: "KDPM2DiscreteScheduler", config: SIGMA, steps: 10, ...back, sum: 20.4125, mean: 0.0266 },
  { class: "KDPM2DiscreteScheduler", config: { ...SIGMA, ...V }, steps: 10, ...back, sum: 4.6934e-7, mean: 6.1112e-10 },
  {
    class: "KDPM2DiscreteScheduler",
    config: SIGMA,
    steps: 10,
    options: { begin: 8 },
    ...back,
    sum: 70408.4062,
    mean: 91.6776,
  },
  { class: "KDPM2AncestralDiscreteScheduler", config: SIGMA, steps: 10, ...back, sum: 13979.9433, mean: 18.203 },
  {
    class: "KDPM2AncestralDiscreteScheduler",
    config: { ...SIGMA, ...V },
    steps: 10,
    ...back,
    sum: 331.8133,
    mean: 0.432,
  },
  {
    class: "KDPM2AncestralDiscreteScheduler",
    config: SIGMA,
    steps: 10,
    options: { begin: 8 },
    ...back,
    sum: 93087.3437,
    mean: 121.2074,
  },
  { class: "DPMSolverMultistepScheduler", config: MULTI, steps: 10, mean: 0.3301 },
  { class: "DPMSolverMultistepScheduler", config: { ...MULTI, ...THRESHOLD }, steps: 10, mean: 1.1364 },
  { class: "DPMSolverMultistepScheduler", config: { ...MULTI, ...V }, steps: 10, mean: 0.2251 },
  { class: "DPMSolverMultistepScheduler", config: { ...MULTI, ...V, ...KARRAS }, steps: 10, mean: 0.2096 },
  { class: "DPMSolverMultistepScheduler", config: { ...MULTI, ...V, use_lu_lambdas: true }, steps: 10, mean: 0.1554 },
  {
    class: "DPMSolverMultistepScheduler",
    config: MULTI,
    steps: 10,
    options: { begin: 5 },
    sum: 318.4111,
    mean: 0.4146,
  },
  { class: "DPMSolverSinglestepScheduler", config: SINGLE, steps: 10, mean: 0.2791 },
  { class: "DPMSolverSinglestepScheduler", config: { ...SINGLE, ...KARRAS }, steps: 10, mean: 0.2248 },
  { class: "DPMSolverSinglestepScheduler", config: { ...SINGLE, ...V }, steps: 10, mean: 0.1453 },
  { class: "DPMSolverSinglestepScheduler", config: { ...SINGLE, ...V, ...KARRAS }, steps: 10, mean: 0.0649 },
  {
    class: "DPMSolverSinglestepScheduler",
    config: SINGLE,
    steps: 10,
    options: { begin: 5 },
    sum: 269.2187,
    mean: 0.3505,
  },
  { class: "UniPCMultistepScheduler", config: UNIPC, steps: 10, mean: 0.2464 },
  { class: "UniPCMultistepScheduler", config: { ...UNIPC, ...KARRAS }, steps: 10, mean: 0.2925 },
  { class: "UniPCMultistepScheduler", config: { ...UNIPC, ...V }, steps: 10, mean: 0.1014 },
  { class: "UniPCMultistepScheduler", config: { ...UNIPC, ...V, ...KARRAS }, steps: 10, mean: 0.1966 },
  { class: "UniPCMultistepScheduler", config: UNIPC, steps: 10, options: { begin: 8 }, sum: 315.5757, mean: 0.4109 },
  { class: "DEISMultistepScheduler", config: LINEAR, steps: 10, mean: 0.23916 },
  { class: "DEISMultistepScheduler", config: { ...LINEAR, ...V }, steps: 10, mean: 0.091 },
  { class: "DEISMultistepScheduler", config: LINEAR, steps: 10, options: { begin: 8 }, sum: 315.3016, mean: 0.41054 },
  { class: "LCMScheduler", steps: 1, sum: 18.7097, mean: 0.0244 },
  { class: "LCMScheduler", steps: 10, sum: 197.7616, mean: 0.2575 },
  { class: "TCDScheduler", steps: 1, options: { eta: 0 }, sum: 29.8715, mean: 0.0389 },
  { class: "TCDScheduler", steps: 10, options: { eta: 0 }, sum: 181.204, mean: 0.2359 },
  { class: "EDMEulerScheduler", steps: 10, scaled: true, sees: "input", sum: 34.1855, mean: 0.044 },
  { class: "EDMDPMSolverMultistepScheduler", config: EDM_DPM, steps: 10, mean: 0.0001 },
  { class: "EDMDPMSolverMultistepScheduler", config: { ...EDM_DPM, ...THRESHOLD }, steps: 10, mean: 0.008 },
  { class: "EDMDPMSolverMultistepScheduler", config: { ...EDM_DPM, ...V }, steps: 10, mean: 0.0092 },
  {
    class: "EDMDPMSolverMultistepScheduler",
    config: EDM_DPM,
    steps: 10,
    options: { begin: 5 },
    sum: 8.1661,
    mean: 0.0106,
  },
  {
    class: "CMStochasticIterativeScheduler",
    config: { num_train_timesteps: 201 },
    steps: 1,
    scaled: true,
    sees: "input",
    sum: 192.7614,
    mean: 0.251,
  },
  {
    class: "CMStochasticIterativeScheduler",
    config: { num_train_timesteps: 201 },
    steps: 2,
    options: { timesteps: [106, 0] },
    scaled: true,
    sees: "input",
    sum: 347.6357,
    mean: 0.4527,
  },
  {
    class: "CMStochasticIterativeScheduler",
    config: { num_train_timesteps: 201 },
    steps: 10,
    options: { begin: 8 },
    scaled: true,
    sees: "input",
    sum: 763.9186,
    mean: 0.9947,
  },
];

describe("the sums of diffusers' own tests", () => {
  test.each(LOOPS)("$class, $steps steps, $config, $options", (loop) => {
    const x = run(loop);
    const sum = x.reduce((total, value) => total + Math.abs(value), 0);
    // diffusers allows 1e-2 and 1e-3; sums of tens of thousands carry float32's own 1e-6 besides.
    if (loop.sum !== undefined) expect(Math.abs(sum - loop.sum)).toBeLessThan(1e-2 + 2e-6 * loop.sum);
    expect(Math.abs(sum / SIZE - loop.mean)).toBeLessThan(1e-3);
  });

  test("IPNDMScheduler: two runs of 10 steps on one history", () => {
    const once = makeTable(schedulerFromConfig({ _class_name: "IPNDMScheduler" }), 10);
    const x = runTable(twice(once), {
      x: dummy(false),
      model: (input, t) => input.map((value) => value * (t / (t + 1))),
      noise: () => new Float64Array(SIZE),
      imageSize: SIZE / B,
    });
    const mean = x.reduce((total, value) => total + Math.abs(value), 0) / SIZE;
    expect(Math.abs(mean - 2540529)).toBeLessThan(10);
  });
});

/** IPNDM's rows again after themselves, where all four past derivatives are known: Adams-Bashforth from the first row on. */
function twice(table: Table): Table {
  const rows = table.rows.map((row, j): Row => {
    const { alpha, sigma } = row;
    const after = table.rows[j + 1] ?? { alpha: 1, sigma: 0 };
    const k = table.rows.length + j;
    const derivative = sum([sigma, X], [alpha, EPS]);
    const past = [1, 2, 3].map((age) => slot((k - age) % table.slots));
    const slope = sum([55 / 24, derivative], [-59 / 24, past[0]!], [37 / 24, past[1]!], [-9 / 24, past[2]!]);
    const scale = 1 / Math.max(alpha, 1e-8);
    const predicted = sum([scale, X], [-sigma * scale, slope]);
    const next = sum([after.alpha, predicted], [after.sigma, slope]);
    return { ...row, next, writes: [{ slot: k % table.slots, form: derivative }] };
  });
  return { ...table, rows: [...table.rows, ...rows] };
}
