/** Samplers by their short names and by the class names of diffusers, and the way from a config to a table. */
import { check, InputError } from "../tensor/check";
import { COMMON_DEFAULTS, type CommonConfig, commonConfig, type JsonFields } from "./config";
import { ddpm } from "./ddpm";
import type { Form } from "./form";
import type { Row, SamplerOptions, Table } from "./table";

/** One sampler: its names, its defaults, and the pure function that makes its table. */
export interface Sampler {
  /** Class of diffusers that it follows. */
  readonly className: string;
  /** Other classes, old or derived, that step in the same way. */
  readonly alsoKnownAs: readonly string[];
  readonly defaults: CommonConfig;
  /** Reads the fields that it knows. */
  configFrom(json: JsonFields, defaults: CommonConfig): CommonConfig;
  /** Which lists of the caller's own it can follow. */
  readonly accepts?: readonly ("timesteps" | "sigmas")[];
  /** UniPC follows sigmas of one's own for flow models only, as in diffusers. */
  acceptsSigmas?(config: CommonConfig): boolean;
  /** `config` is what `configFrom` has read. */
  table(config: CommonConfig, steps: number, options: SamplerOptions): Table;
}

/** The sampler of most models; rare_samplers.ts has the others. */
export const COMMON_SAMPLERS: Readonly<Record<string, Sampler>> = {
  ddpm: {
    className: "DDPMScheduler",
    alsoKnownAs: ["GaussianDDPMScheduler", "DDPMParallelScheduler"],
    defaults: { ...COMMON_DEFAULTS, clip_sample: true, timestep_spacing: "leading", variance_type: "fixed_small" },
    configFrom: commonConfig,
    accepts: ["timesteps"],
    table: ddpm,
  },
};

/** The samplers at hand, by short name: all of them once a rare one was fetched. */
const samplers = new Map(Object.entries(COMMON_SAMPLERS));

/** Classes that have no table, and why; known once a rare sampler was fetched. */
let notOffered: Readonly<Record<string, string>> = {};

/** Makes sure that the sampler of this short name or class of diffusers is at hand. Most pages never need a rare one. */
export async function fetchSampler(name: unknown): Promise<void> {
  if (samplers.has(String(name)) || byClass(name)) return;
  const { RARE_SAMPLERS, NOT_OFFERED } = await import("./rare_samplers");
  for (const [rare, sampler] of Object.entries(RARE_SAMPLERS)) samplers.set(rare, sampler);
  notOffered = NOT_OFFERED;
}

function byClass(className: unknown): [name: string, sampler: Sampler] | undefined {
  return [...samplers].find(
    ([, sampler]) => sampler.className === className || sampler.alsoKnownAs.includes(String(className)),
  );
}

/** A scheduler ready to make tables: which sampler, and its complete config. */
export interface Scheduler {
  readonly name: string;
  readonly config: CommonConfig;
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
  const entry = byClass(className);
  const reason = Object.hasOwn(notOffered, String(className)) ? notOffered[String(className)] : undefined;
  check(!reason, () => `schedulerFromConfig: ${className} is not offered: ${reason}`, InputError);
  check(
    entry !== undefined,
    () =>
      `schedulerFromConfig: _class_name must be one of ${[...samplers.values()]
        .flatMap((sampler) => [sampler.className, ...sampler.alsoKnownAs])
        .join(", ")}, got ${JSON.stringify(className)}`,
    InputError,
  );
  const stochastic = entry[0] === "dpmsolver++" && String(given.algorithm_type).startsWith("sde-");
  return schedulerNamed(stochastic ? "sde-dpmsolver++" : entry[0], given);
}

/** The sampler called `name` ("euler", "dpmsolver++") with the fields in `given`, and its defaults for the others. */
export function schedulerNamed(name: string, given: Readonly<Record<string, unknown>> = {}): Scheduler {
  const sampler = samplers.get(name);
  check(
    sampler !== undefined,
    () => `schedulerNamed: a sampler must be one of ${[...samplers.keys()].join(", ")}, got "${name}"`,
    InputError,
  );
  // The stochastic solver and the plain one are one class of diffusers with two algorithm types: the name decides.
  const stochastic = String(given.algorithm_type).startsWith("sde-");
  const isSolver = sampler.className === "DPMSolverMultistepScheduler";
  const contradicts = isSolver && stochastic !== (name === "sde-dpmsolver++");
  const config = sampler.configFrom(contradicts ? { ...given, algorithm_type: undefined } : given, sampler.defaults);
  return { name, given, config };
}

/** The same noise schedule and options, stepped by another sampler, as diffusers' `from_config` does it. */
export function withSampler(scheduler: Scheduler, name: string): Scheduler {
  return schedulerNamed(name, scheduler.given);
}

/** The table of `scheduler` for `steps` steps: pure, f64. */
export function makeTable(scheduler: Scheduler, steps: number, options: SamplerOptions = {}): Table {
  const sampler = samplers.get(scheduler.name);
  check(sampler, () => `makeTable: unknown sampler "${scheduler.name}"`, InputError);
  const { begin = 0 } = options;
  check(
    Number.isInteger(begin) && begin >= 0 && begin < Math.max(steps, 1),
    () => `makeTable: begin must be an integer from 0 to steps - 1 = ${steps - 1}, got ${begin}`,
    InputError,
  );
  for (const list of ["timesteps", "sigmas"] as const) {
    const accepts = sampler.accepts?.includes(list) || (list === "sigmas" && sampler.acceptsSigmas?.(scheduler.config));
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
