/**
 * Statics that the host makes: torch's CPU generator, and the way between two seeds. The GPU draws all others itself.
 */
import { TorchCpuGenerator } from "../random/mt19937";
import { noiseHash } from "../random/noise_hash";
import { philoxNormal } from "../random/philox";
import { slerp } from "../random/slerp";
import { type BHWC, nchwToNhwc, padRows, sizeOf } from "../tensor/shape";

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

/** Draws 0 to `draws` - 1 for a batch of pictures (B, H, W, C): (draws, B, H, W, C), C padded as the GPU has it. */
export function hostStatics(
  rng: Rng,
  streams: readonly Stream[],
  draws: number,
  [H, W, C]: readonly [number, number, number],
): Float32Array<ArrayBuffer> {
  const B = streams.length;
  const shape: BHWC = [draws * B, H, W, C];
  const size = H * W * C;
  const all = new Float32Array(sizeOf(shape));
  const seeds = new Set(streams.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to])));
  const generators = new Map([...seeds].map((seed) => [seed, generator(rng, seed, size)]));
  for (let draw = 0; draw < draws; draw++) {
    const drawn = new Map([...generators].map(([seed, next]) => [seed, next(draw)]));
    streams.forEach(({ from, to, weight = 0 }, b) => {
      const start = drawn.get(from)!;
      all.set(to === undefined ? start : slerp(start, drawn.get(to)!, weight), (draw * B + b) * size);
    });
  }
  return padRows(nchwToNhwc(all, shape), shape);
}

/** Makes one draw after the other, each of `size` normals in torch's order (C, H, W). */
function generator(rng: Rng, seed: bigint, size: number): (draw: number) => Float32Array {
  if (rng === "torch-cuda") return (draw) => Float32Array.from(philoxNormal(size, { seed, draw }));
  const cpu = new TorchCpuGenerator(seed);
  return () => cpu.randn(size);
}

/** A hash of more words than this says nothing new: they all follow from seed, generator and layout. */
const HASHED_WORDS = 2 ** 16;

/** Names a picture's static. */
export function staticHash(rng: Rng, seed: bigint, [H, W, C]: readonly [number, number, number]): string {
  return noiseHash(rng, seed, Math.min(H * W * C, HASHED_WORDS));
}
