/** What a generation is, decided before anything runs: its table, its statics, the picture that it starts from. */
import { fetchSampler, makeTable, type Scheduler, withSampler } from "../schedulers/registry";
import type { SamplerOptions, Table } from "../schedulers/table";
import { check, InputError } from "../tensor/check";
import type { CheckedOptions, GenerateOptions } from "./options";
import type { Original } from "./source_picture";
import { staticHash, streamsOf } from "./statics";

export interface Plan {
  readonly table: Table;
  readonly guidanceRescale: number;
  /** The picture to start from or to keep; its mask where only a part may change. */
  readonly original: Original | undefined;
  /** The first state is the noised picture; else the static alone. */
  readonly startsFromPicture: boolean;
  /** How many draws the host makes: 0 where the GPU makes its own. */
  readonly hostDraws: number;
  /** (hostDraws, B, H, W, C), padded; made late, since it may take a while. None where the GPU makes its own. */
  readonly statics: (() => Float32Array<ArrayBuffer>) | undefined;
  /** Names the first picture's static. */
  readonly staticHash: string;
}

/** diffusers' defaults: image to image changes much, painting in a mask starts from static. */
const STRENGTH = { image: 0.8, mask: 1 };

/**
 * @param size height, width and channels of a picture
 * @throws InputError where options contradict each other, the sampler or the model.
 */
export async function planOf(
  base: Scheduler,
  options: GenerateOptions,
  { steps, seed, toSeed, rng }: CheckedOptions,
  count: number,
  size: readonly [H: number, W: number, C: number],
): Promise<Plan> {
  const { init, mask, eta, guidanceRescale = 0 } = options;
  check(toSeed === undefined || count > 1, () => `toSeed: needs a count of 2 or more, got ${count}`, InputError);
  if (options.sampler) await fetchSampler(options.sampler);
  const named = options.sampler ? withSampler(base, options.sampler) : base;
  const isSpaced = options.sigmas !== undefined || options.spacing !== undefined;
  const scheduler = isSpaced ? (await import("./spacing")).respaced(named, options) : named;
  const strength = options.strength ?? (mask ? STRENGTH.mask : STRENGTH.image);
  const table = makeTable(scheduler, steps, {
    ...(eta !== undefined && { eta }),
    ...(init && beginAt(scheduler.name, steps, strength)),
  });
  const fromHost = rng === "torch-cpu" || toSeed !== undefined;
  const host = fromHost ? await import("./host_statics") : undefined;
  const hostDraws = fromHost ? 1 + Math.max(0, ...table.rows.map(({ draw }) => draw ?? 0)) : 0;
  const ends = toSeed === undefined ? [seed] : [seed, toSeed];
  return {
    table,
    guidanceRescale,
    original: init && (await import("./source_picture")).originalOf(init, mask, size),
    // A mask that is painted from scratch must not show the picture underneath.
    startsFromPicture: init !== undefined && !(mask && strength === 1),
    hostDraws,
    statics: host && (() => host.hostStatics(rng, streamsOf(count, seed, toSeed), hostDraws, size)),
    staticHash: (await Promise.all(ends.map((end) => staticHash(rng, end, size)))).join(" to "),
  };
}

/** How much of the loop image to image leaves out, as diffusers' pipelines count it. */
function beginAt(sampler: string, steps: number, strength: number): SamplerOptions {
  // Distilled samplers shorten the schedule that they were distilled from, and take all their steps in what is left.
  if (sampler === "lcm" || sampler === "tcd") return { strength };
  const taken = Math.floor(steps * strength);
  check(taken >= 1, () => `strength: must leave at least one of the ${steps} steps, got ${strength}`, InputError);
  return { begin: steps - taken };
}
