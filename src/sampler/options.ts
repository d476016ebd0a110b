/** What a user may ask of a generation, checked before anything runs. */
import type { Canvas } from "../runtime/canvas";
import { check, InputError } from "../tensor/check";
import type { SourcePicture } from "./source_picture";
import type { Rng } from "./statics";

/** How the noise levels are spread between the largest and the smallest; see schedulers/sigmas.ts. */
export type SigmaSpacing = (typeof SIGMA_SPACINGS)[number];
const SIGMA_SPACINGS = ["karras", "exponential", "beta", "lu"] as const;

/** Which training steps are visited; see schedulers/timesteps.ts. */
export type StepSpacing = (typeof STEP_SPACINGS)[number];
export const STEP_SPACINGS = ["leading", "trailing", "linspace"] as const;

export interface GenerateOptions {
  /** What to draw: a class's name; an array draws one picture each. Only for models with classes. */
  readonly prompt?: string | readonly string[];
  /** Class numbers in place of a prompt, for models without names; one, or one per picture. */
  readonly classLabel?: number | readonly number[];
  /** How many pictures, 1 unless given. Picture i has the static of seed + i, whatever the batch. */
  readonly count?: number;
  /** Steps of the sampler, 1 to 1000; 24 unless given. */
  readonly steps?: number;
  /** 64-bit seed of the static; 0 unless given. */
  readonly seed?: number | bigint;
  /** A sampler's short name, such as "ddim"; the model's own unless given. */
  readonly sampler?: string;
  /** DDIM's eta: 0 is deterministic, 1 as noisy as DDPM. */
  readonly eta?: number;
  /** Spacing of the noise levels, for samplers that have a choice; the model's own unless given. */
  readonly sigmas?: SigmaSpacing;
  /** Which of the training steps are visited; the model's own unless given. */
  readonly spacing?: StepSpacing;
  /** Whose random numbers `seed` stands for: those of torch on CUDA (drawn on the GPU) unless given, or on the CPU. */
  readonly rng?: Rng;
  /** The pictures lead from the static of `seed` to that of `toSeed`, along the sphere; `count` is how many. */
  readonly toSeed?: number | bigint;
  /** A picture to start from, cropped and scaled to the model's size. */
  readonly init?: SourcePicture;
  /** How much of `init` is noised away, above 0 to 1: 0.8 unless given, with a mask 1. */
  readonly strength?: number;
  /** Where it is white, `init` is painted anew; elsewhere it stays. Must be of `init`'s size. */
  readonly mask?: SourcePicture;
  /** Scale of classifier-free guidance; 1 for none. The model's own suggestion unless given. */
  readonly guidance?: number;
  /** 0 for none, up to 1: how far guidance is kept from overdoing contrast (Lin et al. 2023, section 3.4). */
  readonly guidanceRescale?: number;
  /** Cancels between two submits. */
  readonly signal?: AbortSignal;
  /** Longest that one GPU submit should take in milliseconds, 100 unless given; a single dispatch cannot be cut. */
  readonly sliceMs?: number;
  /** Where `generate` draws x_t after every submit, straight from GPU memory; several pictures as a sheet. */
  readonly canvas?: Canvas;
  /** Hears after every submit how many of the steps are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Keep x_t and the predicted x0 of every step, for contact sheets and scrubbers. */
  readonly keepSteps?: boolean;
}

/** The options that `generate` fixes before it looks at the model. */
export interface CheckedOptions {
  readonly steps: number;
  readonly seed: bigint;
  readonly toSeed: bigint | undefined;
  readonly rng: Rng;
  readonly sliceMs: number;
  readonly guidance: number | undefined;
}

const GUIDANCE_MAX = 1000;
const COUNT_MAX = 4096;
const RNGS: readonly Rng[] = ["torch-cuda", "torch-cpu"];

/** @throws InputError naming the option, what must hold and what came. */
export function checkOptions(options: GenerateOptions): CheckedOptions {
  const { steps = 24, seed = 0, sliceMs = 100, guidance, count = 1, eta = 0 } = options;
  checkNumber("steps", steps, 1, 1000, true);
  checkNumber("count", count, 1, COUNT_MAX, true);
  checkNumber("eta", eta, 0, 1, false);
  if (guidance !== undefined) checkNumber("guidance", guidance, 0, GUIDANCE_MAX, false);
  check(sliceMs > 0, () => `sliceMs: must be above 0, got ${sliceMs}`, InputError);
  checkOneOf("rng", options.rng, RNGS);
  checkOneOf("sigmas", options.sigmas, SIGMA_SPACINGS);
  checkOneOf("spacing", options.spacing, STEP_SPACINGS);
  checkPictureOptions(options);
  const toSeed = options.toSeed === undefined ? undefined : seedOf("toSeed", options.toSeed);
  return { steps, seed: seedOf("seed", seed), toSeed, rng: options.rng ?? "torch-cuda", sliceMs, guidance };
}

function checkPictureOptions({ init, mask, strength, guidanceRescale = 0 }: GenerateOptions): void {
  checkNumber("guidanceRescale", guidanceRescale, 0, 1, false);
  check(init || !mask, () => "mask: needs init, the picture that it lies on", InputError);
  check(init || strength === undefined, () => "strength: needs init, the picture that is noised", InputError);
  check(
    strength === undefined || (strength > 0 && strength <= 1),
    () => `strength: must be above 0 and at most 1, got ${strength}`,
    InputError,
  );
}

/** A seed as 64 bits. @throws InputError where it is not an integer. */
export function seedOf(name: string, seed: number | bigint): bigint {
  check(
    typeof seed === "bigint" || Number.isSafeInteger(seed),
    () => `${name}: must be an integer, as a bigint beyond 2^53, got ${seed}`,
    InputError,
  );
  return BigInt.asUintN(64, BigInt(seed));
}

function checkOneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  check(
    value === undefined || allowed.includes(value),
    () => `${name}: must be one of ${allowed.join(", ")}, got "${value}"`,
    InputError,
  );
}

function checkNumber(name: string, value: number, min: number, max: number, isInteger: boolean): void {
  check(
    value >= min && value <= max && (!isInteger || Number.isInteger(value)),
    () => `${name}: must be ${isInteger ? "an integer" : "a number"} from ${min} to ${max}, got ${value}`,
    InputError,
  );
}
