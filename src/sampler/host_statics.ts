/**
 * Statics that the host makes: torch's CPU generator, and the way between two seeds. Fetched by the few runs that ask.
 */
import { TorchCpuGenerator } from "../random/mt19937";
import { philoxNormal } from "../random/philox";
import { slerp } from "../random/slerp";
import { type BHWC, nchwToNhwc, padRows, sizeOf } from "../tensor/shape";
import type { Rng, Stream } from "./statics";

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
