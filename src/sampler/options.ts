/** What a user may ask of a generation, checked before anything runs. */
import { check, InputError } from "../tensor/check";

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
  /** Scale of classifier-free guidance; 1 for none. The model's own suggestion unless given. */
  readonly guidance?: number;
  /** Cancels between two submits. */
  readonly signal?: AbortSignal;
  /** Longest time of one GPU submit in milliseconds, 100 unless given. */
  readonly sliceMs?: number;
  /** Hears after every submit how many of the steps are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Keep x_t and the predicted x0 of every step, for contact sheets and scrubbers. */
  readonly keepSteps?: boolean;
}

/** The options that `generate` fixes before it looks at the model. */
export interface CheckedOptions {
  readonly steps: number;
  readonly seed: bigint;
  readonly sliceMs: number;
  readonly guidance: number | undefined;
}

const GUIDANCE_MAX = 1000;
const COUNT_MAX = 4096;

/** @throws InputError naming the option, what must hold and what came. */
export function checkOptions(options: GenerateOptions): CheckedOptions {
  const { steps = 24, seed = 0, sliceMs = 100, guidance, count = 1, eta = 0 } = options;
  checkNumber("steps", steps, 1, 1000, true);
  checkNumber("count", count, 1, COUNT_MAX, true);
  checkNumber("eta", eta, 0, 1, false);
  if (guidance !== undefined) checkNumber("guidance", guidance, 0, GUIDANCE_MAX, false);
  check(sliceMs > 0, () => `sliceMs: must be above 0, got ${sliceMs}`, InputError);
  check(
    typeof seed === "bigint" || Number.isSafeInteger(seed),
    () => `seed: must be an integer, as a bigint beyond 2^53, got ${seed}`,
    InputError,
  );
  return { steps, seed: BigInt.asUintN(64, BigInt(seed)), sliceMs, guidance };
}

function checkNumber(name: string, value: number, min: number, max: number, isInteger: boolean): void {
  check(
    value >= min && value <= max && (!isInteger || Number.isInteger(value)),
    () => `${name}: must be ${isInteger ? "an integer" : "a number"} from ${min} to ${max}, got ${value}`,
    InputError,
  );
}
