/**
 * Statics that the host makes: torch's CPU generator, and the way between two seeds. The GPU draws all others itself.
 */
import { TorchCpuGenerator } from "../random/mt19937";
import { philoxNormal } from "../random/philox";
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

/** Beyond this cosine the arc is so short that its sine divides badly: the chord does as well (as in diffusers). */
const NEARLY_PARALLEL = 0.9995;

/**
 * Spherical interpolation (Shoemake 1985). Statics lie near a sphere of radius sqrt(size); on the straight line between
 * two of them the middle would be too quiet by sqrt(2), and the picture washed out.
 */
export function slerp(from: Float32Array, to: Float32Array, weight: number): Float32Array<ArrayBuffer> {
  let product = 0;
  let fromSquares = 0;
  let toSquares = 0;
  from.forEach((value, i) => {
    product += value * to[i]!;
    fromSquares += value * value;
    toSquares += to[i]! * to[i]!;
  });
  const cosine = product / Math.sqrt(fromSquares * toSquares);
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  const [a, b] =
    Math.abs(cosine) > NEARLY_PARALLEL
      ? [1 - weight, weight]
      : [Math.sin((1 - weight) * angle) / Math.sin(angle), Math.sin(weight * angle) / Math.sin(angle)];
  return Float32Array.from(from, (value, i) => a * value + b * to[i]!);
}
