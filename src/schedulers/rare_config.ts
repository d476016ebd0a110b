/** The fields of a scheduler_config.json that few samplers know, with diffusers' names and diffusers' defaults. */
import { check, InputError } from "../tensor/check";
import {
  COMMON_DEFAULTS,
  type CommonConfig,
  commonConfig,
  flag,
  integer,
  type JsonFields,
  list,
  MAX_TRAIN_TIMESTEPS,
  number,
  oneOf,
  optional,
  overlaid,
  type Rules,
} from "./config";

/** Every knob that a scheduler of diffusers can have. */
export interface SchedulerConfig extends CommonConfig {
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
  ...COMMON_DEFAULTS,
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

const RARE_RULES: Rules<Omit<SchedulerConfig, keyof CommonConfig>> = {
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

/** `defaults` overlaid with the known fields of `json`; each is checked. */
export function configFrom(json: JsonFields, defaults: SchedulerConfig): SchedulerConfig {
  // Python writes float("-inf") as the bare word -Infinity, which JSON lacks; readers hand it on as a string.
  const { lambda_min_clipped: lambda } = json;
  const given = lambda === "-Infinity" ? { ...json, lambda_min_clipped: Number.NEGATIVE_INFINITY } : json;
  const config = overlaid(given, commonConfig(given, defaults), RARE_RULES);
  const spacings = (["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"] as const).filter(
    (name) => config[name],
  );
  check(
    spacings.length <= 1,
    () => `scheduler_config: only one sigma spacing may be chosen, got ${spacings.join(" and ")}`,
    InputError,
  );
  return config;
}
