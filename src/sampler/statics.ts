/** Which statics a generation starts from. The GPU draws nearly all of them; host_statics.ts the others. */
import { noiseHash } from "../random/noise_hash";

/** Whose random numbers: Philox as `torch.randn(device="cuda")` has it, or mt19937 as torch's CPU generator. */
export type Rng = "torch-cuda" | "torch-cpu";

/** Where a picture's static comes from: `from` alone, or a share `weight` of the way to the static of `to`. */
export interface Stream {
  readonly from: bigint;
  readonly to?: bigint;
  readonly weight?: number;
}

/** The streams of `count` pictures: seeds counted up, or the way from `seed` to `toSeed`, both ends included. */
export function streamsOf(count: number, seed: bigint, toSeed?: bigint): Stream[] {
  return Array.from({ length: count }, (_, i) =>
    toSeed === undefined
      ? { from: BigInt.asUintN(64, seed + BigInt(i)) }
      : { from: seed, to: toSeed, weight: count > 1 ? i / (count - 1) : 0 },
  );
}

/** A hash of more words than this says nothing new: they all follow from seed, generator and layout. */
const HASHED_WORDS = 2 ** 16;

/** Names a picture's static. */
export function staticHash(rng: Rng, seed: bigint, [H, W, C]: readonly [number, number, number]): Promise<string> {
  return noiseHash(rng, seed, Math.min(H * W * C, HASHED_WORDS));
}
