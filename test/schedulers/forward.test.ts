import { describe, expect, test } from "vitest";
import { alphasCumprodOf } from "../../src/schedulers/betas";
import { forwardTable, noiseLevels, noiseSchedule } from "../../src/schedulers/forward";

describe("noiseLevels", () => {
  test.each(["linear", "scaled_linear", "cosine", "sigmoid"])(
    "%s: noise only grows, and the power stays one",
    (name) => {
      const levels = noiseLevels(noiseSchedule(name), 24);
      expect(levels).toHaveLength(24);
      levels.forEach(({ alpha, sigma, snr, noiseShare }, i) => {
        expect(alpha ** 2 + sigma ** 2).toBeCloseTo(1, 6);
        expect(snr).toBeCloseTo((alpha / sigma) ** 2, 3);
        expect(noiseShare).toBeCloseTo(sigma ** 2, 6);
        if (i > 0) expect(snr).toBeLessThan(levels[i - 1]!.snr);
      });
      expect(levels.at(-1)!.timestep).toBe(999);
    },
  );

  // torch: 1 - betas, torch.cumprod, in float32, of diffusers 0.42.1's DDPMScheduler.
  test.each<{ name: string; products: readonly [at: number, value: number][] }>([
    {
      name: "linear",
      products: [
        [0, 0.9998999834060669],
        [500, 0.07779665291309357],
        [999, 4.035830352222547e-5],
      ],
    },
    {
      name: "cosine",
      products: [
        [0, 0.9999586939811707],
        [500, 0.4922850430011749],
        [999, 2.4287349909002387e-9],
      ],
    },
  ])("the cumulative products of $name are torch's, bit by bit", ({ name, products }) => {
    const all = alphasCumprodOf(noiseSchedule(name));
    for (const [t, value] of products) expect(all[t]).toBe(Math.fround(value));
  });

  test("a table of levels moves nothing but carries alpha and sigma", () => {
    const levels = noiseLevels(noiseSchedule("cosine"), 3);
    expect(forwardTable(levels).rows.map(({ alpha, sigma }) => [alpha, sigma])).toEqual(
      levels.map(({ alpha, sigma }) => [alpha, sigma]),
    );
  });

  test("refusals", () => {
    expect(() => noiseSchedule("quadratic")).toThrowErrorMatchingInlineSnapshot(
      `[InputError: noiseSchedule: a schedule must be one of cosine, linear, scaled_linear, squaredcos_cap_v2, sigmoid, exp, laplace, got "quadratic"]`,
    );
    expect(() => noiseLevels(noiseSchedule("linear"), 0)).toThrowErrorMatchingInlineSnapshot(
      `[InputError: noiseLevels: steps must be an integer from 1 to 1000, got 0]`,
    );
  });
});
