/**
 * A short name for a static, so that two machines can compare what they started from.
 *
 * It hashes the generator's integers, not the normals made of them: those agree only to 2e-6 between adapters, and no
 * hash of rounded values can hide that, since some value always lies on the edge of rounding. Equal hashes therefore
 * mean the same seed, generator, layout and size; that the normals follow from the integers is what the tests show.
 */
import { wordsOf } from "./philox";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Eight hexadecimal digits: FNV-1a over the words behind the first `count` normals. */
export async function noiseHash(
  rng: "torch-cpu" | "torch-cuda",
  seed: bigint,
  count: number,
  lanes = 0,
): Promise<string> {
  let hash = FNV_OFFSET;
  const add = (word: number) => {
    for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((word >>> shift) & 0xff), FNV_PRIME);
  };
  if (rng === "torch-cpu") {
    const { TorchCpuGenerator } = await import("./mt19937");
    const generator = new TorchCpuGenerator(seed);
    for (let i = 0; i < count; i++) add(generator.word());
  } else {
    for (let i = 0; i < count; i++) {
      const { words, component } = wordsOf(i, count, { seed, draw: 0, lanes });
      add(words[component]!);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
