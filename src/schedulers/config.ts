/**
 * The fields of a scheduler_config.json, with diffusers' names and diffusers' defaults.
 *
 * One flat record serves all samplers: a sampler reads the fields it knows. What a class does not know it ignores, as
 * diffusers does; what it knows must be of the right type and within reason, or the error names the field. Here are the
 * fields of most models; rare_config.ts has all.
 */
import { check, InputError } from "../tensor/check";
import { BETA_SCHEDULES, type NoiseScheduleConfig } from "./betas";

/** What the network was trained to predict. */
export type PredictionType = "epsilon" | "sample" | "v_prediction" | "flow_prediction";
/** How the sampling steps are spread over the training steps (Lin et al. 2023, table 2). */
export type TimestepSpacing = "linspace" | "leading" | "trailing";

/** What every scheduler of diffusers understands; variance_type is DDPM's own. */
export interface CommonConfig extends NoiseScheduleConfig {
  readonly prediction_type: PredictionType;
  readonly timestep_spacing: TimestepSpacing;
  readonly steps_offset: number;
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
  readonly thresholding: boolean;
  readonly dynamic_thresholding_ratio: number;
  readonly sample_max_value: number;
  readonly variance_type:
    | "fixed_small"
    | "fixed_small_log"
    | "fixed_large"
    | "fixed_large_log"
    | "learned"
    | "learned_range"
    | null;
}

/** The defaults that most classes of diffusers share; each sampler states where it departs from them. */
export const COMMON_DEFAULTS: CommonConfig = {
  num_train_timesteps: 1000,
  beta_start: 0.0001,
  beta_end: 0.02,
  beta_schedule: "linear",
  trained_betas: null,
  rescale_betas_zero_snr: false,
  prediction_type: "epsilon",
  timestep_spacing: "linspace",
  steps_offset: 0,
  clip_sample: false,
  clip_sample_range: 1,
  thresholding: false,
  dynamic_thresholding_ratio: 0.995,
  sample_max_value: 1,
  variance_type: null,
};

/** The parsed file, of which nothing is known. */
export type JsonFields = Readonly<Record<string, unknown>>;

/** Says what a value must be that is not right; null where it is. */
export type Rule = (value: unknown) => string | null;

export const oneOf =
  (...allowed: readonly (string | null)[]): Rule =>
  (value) =>
    allowed.includes(value as string | null) ? null : `must be one of ${allowed.map(String).join(", ")}`;
export const flag: Rule = (value) => (typeof value === "boolean" ? null : "must be true or false");
export const number =
  (min: number, max: number): Rule =>
  (value) =>
    typeof value === "number" && value >= min && value <= max ? null : `must be a number from ${min} to ${max}`;
export const integer =
  (min: number, max: number): Rule =>
  (value) =>
    Number.isInteger(value) ? number(min, max)(value) : `must be an integer from ${min} to ${max}`;
export const optional =
  (rule: Rule): Rule =>
  (value) =>
    value === null ? null : rule(value);
export const list =
  (rule: Rule, maxLength: number): Rule =>
  (value) => {
    if (!Array.isArray(value) || value.length > maxLength) return `must be a list of at most ${maxLength} numbers`;
    const index = value.findIndex((element) => rule(element) !== null);
    return index < 0 ? null : `at ${index} ${rule(value[index])}`;
  };

export const MAX_TRAIN_TIMESTEPS = 100_000; // a hundred times what anybody trains with; more would only exhaust memory

/** One for each field. */
export type Rules<Config> = { readonly [field in keyof Config]: Rule };

const COMMON_RULES: Rules<CommonConfig> = {
  num_train_timesteps: integer(1, MAX_TRAIN_TIMESTEPS),
  beta_start: number(0, 1),
  beta_end: number(0, 1),
  beta_schedule: oneOf(...BETA_SCHEDULES),
  trained_betas: optional(list(number(0, 1), MAX_TRAIN_TIMESTEPS)),
  rescale_betas_zero_snr: flag,
  prediction_type: oneOf("epsilon", "sample", "v_prediction", "flow_prediction"),
  timestep_spacing: oneOf("linspace", "leading", "trailing"),
  steps_offset: integer(0, MAX_TRAIN_TIMESTEPS),
  clip_sample: flag,
  clip_sample_range: number(0, 1e6),
  thresholding: flag,
  dynamic_thresholding_ratio: number(0, 1),
  sample_max_value: number(0, 1e6),
  variance_type: oneOf(
    "fixed_small",
    "fixed_small_log",
    "fixed_large",
    "fixed_large_log",
    "learned",
    "learned_range",
    null,
  ),
};

/**
 * `defaults` overlaid with the fields of `json` that have a rule; each is checked. Several of these values may be null in
 * files written by older versions of diffusers where the present ones demand a value: null then means the default.
 */
export function overlaid<Config extends object>(
  json: JsonFields,
  defaults: Config,
  rules: Readonly<Record<string, Rule>>,
): Config {
  const config = { ...defaults } as Record<string, unknown>;
  for (const [field, rule] of Object.entries(rules)) {
    const value = json[field] ?? null;
    if (value === null) continue;
    const fault = rule(value);
    check(fault === null, () => `scheduler_config: ${field} ${fault}, got ${JSON.stringify(value)}`, InputError);
    config[field] = value;
  }
  return config as Config;
}

/** The config of a sampler that knows the common fields only. */
export function commonConfig<Config extends CommonConfig>(json: JsonFields, defaults: Config): Config {
  const config = overlaid(json, defaults, COMMON_RULES);
  const { trained_betas: trained, num_train_timesteps: steps } = config;
  // diffusers lets the list be longer or shorter than num_train_timesteps and fails later, on an index.
  check(
    trained === null || trained.length >= steps,
    () => `scheduler_config: trained_betas must have num_train_timesteps = ${steps} values, got ${trained?.length}`,
    InputError,
  );
  return config;
}
