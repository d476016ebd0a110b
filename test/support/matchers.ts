/** `expect(actual).toBeAllClose(expected, { rtol, atol })`: names the worst element, not the first. */
import { expect } from "vitest";

interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

declare module "vitest" {
  interface Matchers<T> {
    /** |actual - expected| <= atol + rtol * |expected| for every element, and the same length. */
    toBeAllClose(expected: ArrayLike<number>, tolerance: Tolerance): T;
  }
}

expect.extend({
  toBeAllClose(actual: ArrayLike<number>, expected: ArrayLike<number>, { rtol, atol }: Tolerance) {
    if (actual.length !== expected.length) {
      return { pass: false, message: () => `expected ${expected.length} elements, got ${actual.length}` };
    }
    let worst = 0;
    let excess = -Infinity;
    for (let i = 0; i < expected.length; i++) {
      const difference = Math.abs(actual[i]! - expected[i]!) - atol - rtol * Math.abs(expected[i]!);
      // A NaN on either side makes the difference NaN, which compares false with everything.
      if (!(difference <= excess)) {
        worst = i;
        excess = Number.isNaN(difference) ? Infinity : difference;
      }
    }
    return {
      pass: expected.length > 0 && excess <= 0,
      message: () =>
        `worst element ${worst} of ${expected.length}: expected ${expected[worst]}, got ${actual[worst]} ` +
        `(rtol ${rtol}, atol ${atol})`,
    };
  },
});
