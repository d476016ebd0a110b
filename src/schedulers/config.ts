/**
 * The fields of a scheduler_config.json, with diffusers' names and diffusers' defaults.
 *
 * One flat record serves all samplers: a sampler reads the fields it knows. What a class does not know it ignores, as
 * diffusers does; what it knows must be of the right type and within reason, or the error names the field.
 */
import { check, InputError } from "../tensor/check";
import { BETA_SCHEDULES, type NoiseScheduleConfig } from "./betas";

/** What the network was trained to predict. */
export type PredictionType = "epsilon" | "sample" | "v_prediction" | "flow_prediction";
/** How the sampling steps are spread over the training steps (Lin et al. 2023, table 2). */
export type TimestepSpacing = "linspace" | "leading" | "trailing";

/** Every knob that a scheduler of diffusers can have. */
export interface SchedulerConfig extends NoiseScheduleConfig {
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
  readonly set_alpha_to_one: boolean;
  readonly skip_prk_steps: boolean;
  readonly use_karras_sigmas: boolean;
  readonly use_exponential_sigmas: boolean;
  readonly use_beta_sigmas: boolean;
  readonly use_lu_lambdas: boolean;
  readonly use_flow_sigmas: boolean;
  readonly flow_shift: number;
  readonly interpolation_type: "linear" | "log_linear";
  readonly timestep_type: "discrete" | "continuous";
  readonly final_sigmas_type: "zero" | "sigma_min";
  readonly sigma_min: number | null;
  readonly sigma_max: number | null;
  readonly sigma_data: number;
  readonly sigma_schedule: "karras" | "exponential";
  readonly rho: number;
  readonly s_noise: number;
  readonly clip_denoised: boolean;
  readonly solver_order: number;
  readonly algorithm_type: "dpmsolver" | "dpmsolver++" | "sde-dpmsolver" | "sde-dpmsolver++" | "deis";
  readonly solver_type: "midpoint" | "heun" | "bh1" | "bh2" | "logrho";
  readonly lower_order_final: boolean;
  readonly euler_at_final: boolean;
  readonly lambda_min_clipped: number;
  readonly predict_x0: boolean;
  readonly disable_corrector: readonly number[];
  readonly original_inference_steps: number;
  readonly timestep_scaling: number;
  readonly shift: number;
  readonly shift_terminal: number | null;
  readonly use_dynamic_shifting: boolean;
  readonly time_shift_type: "exponential" | "linear";
  readonly invert_sigmas: boolean;
  readonly stochastic_sampling: boolean;
}

/** The defaults that most classes of diffusers share; each sampler's file states where it departs from them. */
export const SHARED_DEFAULTS: SchedulerConfig = {
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
  set_alpha_to_one: true,
  skip_prk_steps: false,
  use_karras_sigmas: false,
  use_exponential_sigmas: false,
  use_beta_sigmas: false,
  use_lu_lambdas: false,
  use_flow_sigmas: false,
  flow_shift: 1,
  interpolation_type: "linear",
  timestep_type: "discrete",
  final_sigmas_type: "zero",
  sigma_min: null,
  sigma_max: null,
  sigma_data: 0.5,
  sigma_schedule: "karras",
  rho: 7,
  s_noise: 1,
  clip_denoised: true,
  solver_order: 2,
  algorithm_type: "dpmsolver++",
  solver_type: "midpoint",
  lower_order_final: true,
  euler_at_final: false,
  lambda_min_clipped: Number.NEGATIVE_INFINITY,
  predict_x0: true,
  disable_corrector: [],
  original_inference_steps: 50,
  timestep_scaling: 10,
  shift: 1,
  shift_terminal: null,
  use_dynamic_shifting: false,
  time_shift_type: "exponential",
  invert_sigmas: false,
  stochastic_sampling: false,
};

/** Defaults of the samplers that clip. */
export const CLIPPED: SchedulerConfig = { ...SHARED_DEFAULTS, clip_sample: true, timestep_spacing: "leading" };

type Rule = (value: unknown) => string | null;

const oneOf =
  (...allowed: readonly (string | null)[]): Rule =>
  (value) =>
    allowed.includes(value as string | null) ? null : `must be one of ${allowed.map(String).join(", ")}`;
const flag: Rule = (value) => (typeof value === "boolean" ? null : "must be true or false");
const number =
  (min: number, max: number): Rule =>
  (value) =>
    typeof value === "number" && value >= min && value <= max ? null : `must be a number from ${min} to ${max}`;
const integer =
  (min: number, max: number): Rule =>
  (value) =>
    Number.isInteger(value) ? number(min, max)(value) : `must be an integer from ${min} to ${max}`;
const optional =
  (rule: Rule): Rule =>
  (value) =>
    value === null ? null : rule(value);
const list =
  (rule: Rule, maxLength: number): Rule =>
  (value) => {
    if (!Array.isArray(value) || value.length > maxLength) return `must be a list of at most ${maxLength} numbers`;
    const index = value.findIndex((element) => rule(element) !== null);
    return index < 0 ? null : `at ${index} ${rule(value[index])}`;
  };

const MAX_TRAIN_TIMESTEPS = 100_000; // a hundred times what anybody trains with; more would only exhaust memory

const RULES: { readonly [field in keyof SchedulerConfig]: Rule } = {
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
  set_alpha_to_one: flag,
  skip_prk_steps: flag,
  use_karras_sigmas: flag,
  use_exponential_sigmas: flag,
  use_beta_sigmas: flag,
  use_lu_lambdas: flag,
  use_flow_sigmas: flag,
  flow_shift: number(1e-6, 1e6),
  interpolation_type: oneOf("linear", "log_linear"),
  timestep_type: oneOf("discrete", "continuous"),
  final_sigmas_type: oneOf("zero", "sigma_min"),
  sigma_min: optional(number(0, 1e6)),
  sigma_max: optional(number(1e-6, 1e6)),
  sigma_data: number(1e-6, 1e6),
  sigma_schedule: oneOf("karras", "exponential"),
  rho: number(0.01, 1000),
  s_noise: number(0, 1000),
  clip_denoised: flag,
  solver_order: integer(1, 5),
  algorithm_type: oneOf("dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis"),
  solver_type: oneOf("midpoint", "heun", "bh1", "bh2", "logrho"),
  lower_order_final: flag,
  euler_at_final: flag,
  lambda_min_clipped: number(Number.NEGATIVE_INFINITY, 1e6),
  predict_x0: flag,
  disable_corrector: list(integer(0, MAX_TRAIN_TIMESTEPS), MAX_TRAIN_TIMESTEPS),
  original_inference_steps: integer(1, MAX_TRAIN_TIMESTEPS),
  timestep_scaling: number(1e-6, 1e6),
  shift: number(1e-6, 1e6),
  shift_terminal: optional(number(0, 1)),
  use_dynamic_shifting: flag,
  time_shift_type: oneOf("exponential", "linear"),
  invert_sigmas: flag,
  stochastic_sampling: flag,
};

/**
 * `defaults` overlaid with the known fields of `json`; each is checked. Several of these values may be null in files
 * written by older versions of diffusers where the present ones demand a value: null then means the default.
 */
export function configFrom(json: Readonly<Record<string, unknown>>, defaults: SchedulerConfig): SchedulerConfig {
  const config: Record<string, unknown> = { ...defaults };
  for (const [field, rule] of Object.entries(RULES)) {
    const value = json[field];
    if (value === undefined || value === null) continue;
    // Python writes float("-inf") as the bare word -Infinity, which JSON lacks; readers hand it on as a string.
    const given = field === "lambda_min_clipped" && value === "-Infinity" ? Number.NEGATIVE_INFINITY : value;
    const fault = rule(given);
    check(fault === null, () => `scheduler_config: ${field} ${fault}, got ${JSON.stringify(given)}`, InputError);
    config[field] = given;
  }
  const spacings = ["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"].filter((name) => config[name]);
  check(
    spacings.length <= 1,
    () => `scheduler_config: only one sigma spacing may be chosen, got ${spacings.join(" and ")}`,
    InputError,
  );
  const complete = config as unknown as SchedulerConfig;
  const trained = complete.trained_betas;
  // diffusers lets the list be longer or shorter than num_train_timesteps and fails later, on an index.
  check(
    trained === null || trained.length >= complete.num_train_timesteps,
    () =>
      `scheduler_config: trained_betas must have num_train_timesteps = ${complete.num_train_timesteps} values, ` +
      `got ${trained?.length}`,
    InputError,
  );
  return complete;
}
