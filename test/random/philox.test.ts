import { describe, expect, test } from "vitest";
import { noiseHash } from "../../src/random/noise_hash";
import { philox, philoxNormal, type Words } from "../../src/random/philox";
import { distributionOf } from "../support/distribution";

const ONES = 0xffffffff;

describe("philox", () => {
  // kat_vectors of Random123, philox4x32-10.
  test.each<{ counter: Words; key: [number, number]; words: Words }>([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    { counter: [ONES, ONES, ONES, ONES], key: [ONES, ONES], words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd] },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])("Random123's known answer for key $key", ({ counter, key, words }) => {
    expect(philox(counter, key)).toEqual(words);
  });

  test("torch.manual_seed(0); torch.randn(10, device='cuda'), as published", () => {
    const published = [
      -0.92466259, -0.42534415, -2.6438458, 0.14518388, -0.12086647, -0.57972564, -0.622851, -0.32838708,
    ];
    const values = philoxNormal(8, { seed: 0n, draw: 0 });
    published.forEach((value, i) => {
      expect(Math.abs(values[i]! - value)).toBeLessThan(2e-6);
    });
  });

  test("a draw's elements do not depend on how many follow, while the launch has lanes enough", () => {
    const short = philoxNormal(10, { seed: 5n, draw: 2 });
    const long = philoxNormal(1000, { seed: 5n, draw: 2 });
    expect([...long.subarray(0, 10)]).toEqual([...short]);
  });

  test("where lanes are few, lane i also makes i + lanes, from the other components of its words", () => {
    const lanes = 16;
    const values = philoxNormal(100, { seed: 9n, draw: 1, lanes });
    const all = philoxNormal(lanes, { seed: 9n, draw: 2 });
    // 100 elements on 16 lanes take two counters a draw, so draw 1 starts at counter 2.
    expect([...values.subarray(0, lanes)]).toEqual([...all]);
    expect(new Set(values).size).toBe(100);
  });

  test("a million draws are normal", () => {
    const { mean, variance, skewness, kurtosis, ks } = distributionOf(philoxNormal(1_000_000, { seed: 1n, draw: 0 }));
    // Five standard errors each; 1.63 is the Kolmogorov-Smirnov bound at 1 %.
    expect(Math.abs(mean)).toBeLessThan(5e-3);
    expect(Math.abs(variance - 1)).toBeLessThan(7.1e-3);
    expect(Math.abs(skewness)).toBeLessThan(1.3e-2);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(2.5e-2);
    expect(ks * 1000).toBeLessThan(1.63);
  });
});

describe("noiseHash", () => {
  test("names a static: the same for the same seed, generator and size, another for any other", async () => {
    const hashes = await Promise.all([
      noiseHash("torch-cuda", 7n, 3072),
      noiseHash("torch-cuda", 8n, 3072),
      noiseHash("torch-cuda", 7n, 3071),
      noiseHash("torch-cpu", 7n, 3072),
    ]);
    expect(new Set(hashes).size).toBe(4);
    expect(await noiseHash("torch-cuda", 7n, 3072)).toBe(hashes[0]);
    expect(hashes).toMatchInlineSnapshot(`
      [
        "67a10c17",
        "e3026769",
        "39bd58ec",
        "1a04a11e",
      ]
    `);
  });
});
