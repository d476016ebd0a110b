import { describe, expect, test } from "vitest";
import { TorchCpuGenerator } from "../../src/random/mt19937";
import { distributionOf } from "../support/distribution";

// From torch 2.13.0: torch.randn(count, generator=torch.Generator().manual_seed(seed)).
const KNOWN: readonly { seed: bigint; count: number; head: number[]; tail: number[]; sum: number; why?: string }[] = [
  { seed: 0n, count: 1, head: [1.5409961], tail: [1.5409961], sum: 1.540996 },
  { seed: 0n, count: 15, head: [1.5409961, -0.2934289], tail: [1.1006042, -1.0711874], sum: -3.968993 },
  { seed: 0n, count: 16, head: [-1.1258398, -1.1523602], tail: [1.1167772, -0.2472782], sum: -1.909114 },
  { seed: 0n, count: 17, head: [-1.1258398, -1.6959312], tail: [-0.8436767, 0.9318266], sum: 2.996607 },
  { seed: 0n, count: 31, head: [-1.1258398, -1.1523602], tail: [2.3022053, -1.4688939], sum: -1.913695 },
  { seed: 0n, count: 33, head: [-1.1258398, -1.1523602], tail: [-1.5866888, 1.2032237], sum: -0.528254 },
  { seed: 0n, count: 100, head: [-1.1258398, -1.1523602], tail: [-0.42883, 0.2329183], sum: 3.714114 },
  { seed: 0n, count: 1000, head: [-1.1258398, -1.1523602], tail: [0.1264181, -0.5861721], sum: 28.91832 },
  { seed: 42n, count: 15, head: [0.3366904, 0.1288094], tail: [-1.689799, -0.9889599], sum: 1.696116 },
  { seed: 42n, count: 17, head: [1.9269153, -0.1595975], tail: [0.8598585, -0.3097268], sum: 8.217296 },
  { seed: 42n, count: 1000, head: [1.9269153, 1.4872841], tail: [-0.3797594, -0.8534544], sum: 4.231294 },
  { seed: 1099511627783n, count: 33, head: [-0.8201345, 0.3956312], tail: [0.2600362, -1.6370213], sum: -0.431339 },
  { seed: 1099511627783n, count: 1000, head: [-0.8201345, 0.3956312], tail: [0.169216, -0.8487755], sum: 4.84349 },
  { seed: 4294967295n, count: 100, head: [-2.6642976, -1.0910486], tail: [-0.8279936, 1.6752886], sum: -11.62614 },
];

describe("mt19937", () => {
  test.each(KNOWN)("torch.randn($count) with seed $seed", ({ seed, count, head, tail, sum }) => {
    const values = new TorchCpuGenerator(seed).randn(count);
    head.forEach((value, i) => {
      expect(Math.abs(values[i]! - value)).toBeLessThan(1e-6);
    });
    tail.forEach((value, i) => {
      expect(Math.abs(values[count - tail.length + i]! - value)).toBeLessThan(1e-6);
    });
    const total = values.reduce((a, b) => a + b, 0);
    expect(Math.abs(total - sum)).toBeLessThan(1e-6 * count + 1e-6);
  });

  test("draws follow each other in one stream, and a scalar pair's second normal is kept", () => {
    const generator = new TorchCpuGenerator(3n);
    const ends = [3, 20, 2, 1, 16].map((count) => {
      const values = generator.randn(count);
      return [values[0], values.at(-1)];
    });
    // The same five calls in torch.
    const expected = [
      [0.8032761, 0.0889781],
      [0.6053608, 0.6814111],
      [-0.613718, 0.7476966],
      [0.2389174, 0.2389174],
      [-0.455424, 1.3777584],
    ];
    expected.flat().forEach((value, i) => {
      expect(Math.abs(ends.flat()[i]! - value)).toBeLessThan(1e-6);
    });
  });

  test("the sum of a whole cifar10 static, as published with the recipe", () => {
    const values = new TorchCpuGenerator(0n).randn(3072);
    expect(Math.abs(values.reduce((a, b) => a + b, 0) - -5.4074426)).toBeLessThan(3e-4);
  });

  test("a million draws are normal", () => {
    const { mean, variance, skewness, kurtosis, ks } = distributionOf(new TorchCpuGenerator(1n).randn(1_000_000));
    // Five standard errors each; 1.63 is the Kolmogorov-Smirnov bound at 1 %.
    expect(Math.abs(mean)).toBeLessThan(5e-3);
    expect(Math.abs(variance - 1)).toBeLessThan(7.1e-3);
    expect(Math.abs(skewness)).toBeLessThan(1.3e-2);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(2.5e-2);
    expect(ks * 1000).toBeLessThan(1.63);
  });
});
