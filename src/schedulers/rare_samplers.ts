/** The samplers that most pages never use, in a file of their own that is fetched with the first of them. */
import { consistency } from "./consistency";
import { ddim, ddimInverse } from "./ddim";
import { deis } from "./deis";
import { dpmsolver, dpmsolverSinglestep } from "./dpmsolver";
import { edmDpmsolver, edmEuler } from "./edm";
import { euler, eulerAncestral } from "./euler";
import { flowEuler, flowHeun } from "./flow";
import { heun } from "./heun";
import { kdpm2, kdpm2Ancestral } from "./kdpm2";
import { lcm, tcd } from "./lcm";
import { lms } from "./lms";
import { ipndm, pndm } from "./pndm";
import { CLIPPED, configFrom, type SchedulerConfig, SHARED_DEFAULTS } from "./rare_config";
import type { Sampler } from "./registry";
import { unipc } from "./unipc";

const SECOND_ORDER: SchedulerConfig = { ...SHARED_DEFAULTS, beta_start: 0.00085, beta_end: 0.012 };
const DISTILLED: SchedulerConfig = { ...SECOND_ORDER, beta_schedule: "scaled_linear", timestep_spacing: "leading" };
const EDM: SchedulerConfig = { ...SHARED_DEFAULTS, sigma_min: 0.002, sigma_max: 80 };

/** Samplers that know all fields. */
interface RareSampler extends Omit<Sampler, "configFrom"> {
  readonly defaults: SchedulerConfig;
}

const SAMPLERS: Readonly<Record<string, RareSampler>> = {
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
    acceptsSigmas: ({ use_flow_sigmas }: SchedulerConfig) => use_flow_sigmas,
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

export const RARE_SAMPLERS: Readonly<Record<string, Sampler>> = Object.fromEntries(
  Object.entries(SAMPLERS).map(([name, sampler]) => [name, { ...sampler, configFrom }]),
);

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
