/** Every sampler by its short name and by the class name of diffusers, and the way from a config to a table. */
import { check, InputError } from "../tensor/check";
import { configFrom, type SchedulerConfig, SHARED_DEFAULTS } from "./config";
import { consistency } from "./consistency";
import { ddim, ddimInverse } from "./ddim";
import { ddpm } from "./ddpm";
import { deis } from "./deis";
import { dpmsolver, dpmsolverSinglestep } from "./dpmsolver";
import { edmDpmsolver, edmEuler } from "./edm";
import { euler, eulerAncestral } from "./euler";
import { flowEuler, flowHeun } from "./flow";
import type { Form } from "./form";
import { heun } from "./heun";
import { kdpm2, kdpm2Ancestral } from "./kdpm2";
import { lcm, tcd } from "./lcm";
import { lms } from "./lms";
import { ipndm, pndm } from "./pndm";
import type { Row, SamplerOptions, Table } from "./table";
import { unipc } from "./unipc";

/** One sampler: its names, its defaults, and the pure function that makes its table. */
export interface Sampler {
  /** Class of diffusers that it follows. */
  readonly className: string;
  /** Other classes, old or derived, that step in the same way. */
  readonly alsoKnownAs: readonly string[];
  readonly defaults: SchedulerConfig;
  /** Which lists of the caller's own it can follow. */
  readonly accepts?: readonly ("timesteps" | "sigmas")[];
  readonly table: (config: SchedulerConfig, steps: number, options: SamplerOptions) => Table;
}

const CLIPPED: SchedulerConfig = { ...SHARED_DEFAULTS, clip_sample: true, timestep_spacing: "leading" };
const SECOND_ORDER: SchedulerConfig = { ...SHARED_DEFAULTS, beta_start: 0.00085, beta_end: 0.012 };
const DISTILLED: SchedulerConfig = { ...SECOND_ORDER, beta_schedule: "scaled_linear", timestep_spacing: "leading" };
const EDM: SchedulerConfig = { ...SHARED_DEFAULTS, sigma_min: 0.002, sigma_max: 80 };

/** All samplers by short name. */
export const SAMPLERS: Readonly<Record<string, Sampler>> = {
  ddpm: {
    className: "DDPMScheduler",
    alsoKnownAs: ["GaussianDDPMScheduler", "DDPMParallelScheduler"],
    defaults: { ...CLIPPED, variance_type: "fixed_small" },
    accepts: ["timesteps"],
    table: ddpm,
  },
  ddim: { className: "DDIMScheduler", alsoKnownAs: ["DDIMParallelScheduler"], defaults: CLIPPED, table: ddim },
  "ddim-inverse": { className: "DDIMInverseScheduler", alsoKnownAs: [], defaults: CLIPPED, table: ddimInverse },
  pndm: {
    className: "PNDMScheduler",
    alsoKnownAs: [],
    defaults: { ...SHARED_DEFAULTS, timestep_spacing: "leading", set_alpha_to_one: false },
    table: pndm,
  },
  lms: { className: "LMSDiscreteScheduler", alsoKnownAs: [], defaults: SHARED_DEFAULTS, table: lms },
  euler: {
    className: "EulerDiscreteScheduler",
    alsoKnownAs: [],
    defaults: SHARED_DEFAULTS,
    accepts: ["timesteps", "sigmas"],
    table: euler,
  },
  "euler-ancestral": {
    className: "EulerAncestralDiscreteScheduler",
    alsoKnownAs: [],
    defaults: SHARED_DEFAULTS,
    table: eulerAncestral,
  },
  heun: {
    className: "HeunDiscreteScheduler",
    alsoKnownAs: [],
    defaults: SECOND_ORDER,
    accepts: ["timesteps"],
    table: heun,
  },
  kdpm2: { className: "KDPM2DiscreteScheduler", alsoKnownAs: [], defaults: SECOND_ORDER, table: kdpm2 },
  "kdpm2-ancestral": {
    className: "KDPM2AncestralDiscreteScheduler",
    alsoKnownAs: [],
    defaults: SECOND_ORDER,
    table: kdpm2Ancestral,
  },
  "dpmsolver++": {
    className: "DPMSolverMultistepScheduler",
    alsoKnownAs: [],
    defaults: SHARED_DEFAULTS,
    accepts: ["timesteps"],
    table: dpmsolver,
  },
  "dpmsolver-singlestep": {
    className: "DPMSolverSinglestepScheduler",
    alsoKnownAs: [],
    defaults: { ...SHARED_DEFAULTS, lower_order_final: false },
    accepts: ["timesteps"],
    table: dpmsolverSinglestep,
  },
  "sde-dpmsolver++": {
    className: "DPMSolverMultistepScheduler",
    alsoKnownAs: [],
    defaults: { ...SHARED_DEFAULTS, algorithm_type: "sde-dpmsolver++" },
    accepts: ["timesteps"],
    table: dpmsolver,
  },
  unipc: {
    className: "UniPCMultistepScheduler",
    alsoKnownAs: [],
    defaults: { ...SHARED_DEFAULTS, solver_type: "bh2" },
    table: unipc,
  },
  deis: {
    className: "DEISMultistepScheduler",
    alsoKnownAs: [],
    defaults: { ...SHARED_DEFAULTS, algorithm_type: "deis", solver_type: "logrho" },
    table: deis,
  },
  lcm: { className: "LCMScheduler", alsoKnownAs: [], defaults: DISTILLED, accepts: ["timesteps"], table: lcm },
  tcd: { className: "TCDScheduler", alsoKnownAs: [], defaults: DISTILLED, accepts: ["timesteps"], table: tcd },
  ipndm: { className: "IPNDMScheduler", alsoKnownAs: [], defaults: SHARED_DEFAULTS, table: ipndm },
  "edm-euler": { className: "EDMEulerScheduler", alsoKnownAs: [], defaults: EDM, table: edmEuler },
  "edm-dpmsolver": { className: "EDMDPMSolverMultistepScheduler", alsoKnownAs: [], defaults: EDM, table: edmDpmsolver },
  "flow-euler": {
    className: "FlowMatchEulerDiscreteScheduler",
    alsoKnownAs: [],
    defaults: SHARED_DEFAULTS,
    accepts: ["timesteps", "sigmas"],
    table: flowEuler,
  },
  "flow-heun": {
    className: "FlowMatchHeunDiscreteScheduler",
    alsoKnownAs: [],
    defaults: SHARED_DEFAULTS,
    table: flowHeun,
  },
  consistency: {
    className: "CMStochasticIterativeScheduler",
    alsoKnownAs: [],
    defaults: { ...EDM, num_train_timesteps: 40 },
    accepts: ["timesteps"],
    table: consistency,
  },
};

/**
 * Classes of diffusers that have no table, and why: for the error message, and so that nobody looks for them.
 *
 * Of the classes that are offered, these options are not: UniPC's `solver_p` (another scheduler inside this one), EDM
 * Euler's `sigmas` (a ramp, not sigmas), flow matching's `per_token_timesteps` (video), IPNDM's history kept over two
 * runs. And some of what diffusers answers with NaN or an exception works here: DDPM's `fixed_large_log`, UniPC's bh1
 * ending at sigma 0, EDM's stochastic order 3, timesteps that rounding visits twice.
 */
export const NOT_OFFERED: Readonly<Record<string, string>> = {
  DPMSolverSDEScheduler: "its noise is a Brownian tree (torchsde), drawn in the order of an adaptive solver",
  CosineDPMSolverMultistepScheduler: "its noise is a Brownian tree (torchsde); it serves audio models",
  DPMSolverMultistepInverseScheduler: "inverts pictures for editing; ddim-inverse does",
  SASolverScheduler: "its stochastic predictor-corrector has no table yet",
  ScoreSdeVeScheduler: "its corrector's step length depends on the norms of the prediction and of the noise",
  KarrasVeScheduler: "needs two evaluations with noise before each; deprecated in diffusers",
  RePaintScheduler: "jumps back and forth in time around a mask; see inpaint",
  UnCLIPScheduler: "belongs to one pipeline with a learned variance of its own kind",
  SCMScheduler: "belongs to TrigFlow models (SANA-Sprint)",
  FlowMatchLCMScheduler: "scales latents between steps",
  VQDiffusionScheduler: "discrete tokens, not numbers",
  AmusedScheduler: "discrete tokens, not numbers",
  CogVideoXDDIMScheduler: "for video models; ddim with trailing timesteps is the same step",
  CogVideoXDPMScheduler: "for video models",
};

/** A scheduler ready to make tables: which sampler, and its complete config. */
export interface Scheduler {
  readonly name: string;
  readonly config: SchedulerConfig;
  /** The fields that the file itself gave; they survive a change of sampler, defaults do not. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** Reads a parsed scheduler_config.json. The class named there chooses the sampler. */
export function schedulerFromConfig(json: unknown): Scheduler {
  check(
    typeof json === "object" && json !== null && !Array.isArray(json),
    () => `schedulerFromConfig: a scheduler_config must be a JSON object, got ${JSON.stringify(json)}`,
    InputError,
  );
  const given = modernised(json as Record<string, unknown>);
  const className = given._class_name;
  const entry = Object.entries(SAMPLERS).find(
    ([, sampler]) => sampler.className === className || sampler.alsoKnownAs.includes(String(className)),
  );
  const reason = Object.hasOwn(NOT_OFFERED, String(className)) ? NOT_OFFERED[String(className)] : undefined;
  check(!reason, () => `schedulerFromConfig: ${className} is not offered: ${reason}`, InputError);
  check(
    entry !== undefined,
    () =>
      `schedulerFromConfig: _class_name must be one of ${Object.values(SAMPLERS)
        .flatMap((sampler) => [sampler.className, ...sampler.alsoKnownAs])
        .join(", ")}, got ${JSON.stringify(className)}`,
    InputError,
  );
  const stochastic = entry[0] === "dpmsolver++" && String(given.algorithm_type).startsWith("sde-");
  return schedulerNamed(stochastic ? "sde-dpmsolver++" : entry[0], given);
}

/** The sampler called `name` ("euler", "dpmsolver++") with the fields in `given`, and its defaults for the others. */
export function schedulerNamed(name: string, given: Readonly<Record<string, unknown>> = {}): Scheduler {
  const sampler = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  check(
    sampler !== undefined,
    () => `schedulerNamed: a sampler must be one of ${Object.keys(SAMPLERS).join(", ")}, got "${name}"`,
    InputError,
  );
  // The stochastic solver and the plain one are one class of diffusers with two algorithm types: the name decides.
  const stochastic = String(given.algorithm_type).startsWith("sde-");
  const contradicts = sampler.table === dpmsolver && stochastic !== (name === "sde-dpmsolver++");
  const config = configFrom(contradicts ? { ...given, algorithm_type: undefined } : given, sampler.defaults);
  return { name, given, config };
}

/** The same noise schedule and options, stepped by another sampler, as diffusers' `from_config` does it. */
export function withSampler(scheduler: Scheduler, name: string): Scheduler {
  return schedulerNamed(name, scheduler.given);
}

/** The table of `scheduler` for `steps` steps: pure, f64. */
export function makeTable(scheduler: Scheduler, steps: number, options: SamplerOptions = {}): Table {
  const sampler = SAMPLERS[scheduler.name];
  check(sampler !== undefined, () => `makeTable: unknown sampler "${scheduler.name}"`, InputError);
  const { begin = 0 } = options;
  check(
    Number.isInteger(begin) && begin >= 0 && begin < Math.max(steps, 1),
    () => `makeTable: begin must be an integer from 0 to steps - 1 = ${steps - 1}, got ${begin}`,
    InputError,
  );
  for (const list of ["timesteps", "sigmas"] as const) {
    // UniPC follows sigmas of one's own for flow models only, as in diffusers.
    const accepts =
      sampler.accepts?.includes(list) ||
      (list === "sigmas" && sampler.table === unipc && scheduler.config.use_flow_sigmas);
    check(
      options[list] === undefined || accepts,
      () => `makeTable: ${scheduler.name} cannot follow ${list} of one's own`,
      InputError,
    );
  }
  const table = sampler.table(scheduler.config, steps, options);
  check(
    table.rows.length > 0,
    () => `makeTable: ${scheduler.name} has no row for steps = ${steps} and begin = ${begin}`,
    InputError,
  );
  table.rows.forEach((row, index) => {
    check(
      numbersOf(row).every(Number.isFinite),
      () =>
        `makeTable: row ${index} of ${scheduler.name} (timestep ${row.timestep}) divides by zero. ` +
        `prediction_type "${scheduler.config.prediction_type}" has no answer at alpha ${row.alpha}, sigma ${row.sigma}`,
      InputError,
    );
  });
  return table;
}

function numbersOf(row: Row): number[] {
  const forms: Form[] = [row.next, ...row.writes.map((write) => write.form)];
  return [
    row.timestep,
    row.inputScale,
    ...Object.values(row.x0),
    ...Object.values(row.eps),
    ...forms.flatMap((form) => [form.x, form.x0, form.eps, form.noise, ...form.slots]),
    ...(row.logVariance ?? []),
  ];
}

/** Old files of diffusers and their old field names, read as the present ones. */
function modernised(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const config: Record<string, unknown> = { ...json };
  const renamed = { timesteps: "num_train_timesteps", timestep_values: null, set_alpha_to_zero: "set_alpha_to_one" };
  for (const [old, present] of Object.entries(renamed)) {
    if (!(old in config)) continue;
    if (present !== null && !(present in config)) config[present] = config[old];
    delete config[old];
  }
  if (typeof config.predict_epsilon === "boolean" && config.prediction_type === undefined) {
    config.prediction_type = config.predict_epsilon ? "epsilon" : "sample";
  }
  return config;
}
