import { expect, test } from "vitest";
import { philoxNormal } from "../../src/random/philox";
import { slerp } from "../../src/random/slerp";

const a = philoxNormal(3072, { seed: 1n, draw: 0 });
const b = philoxNormal(3072, { seed: 2n, draw: 0 });
const power = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value ** 2, 0) / 3072;

test("both ends are themselves, and the middle is as loud as they are", () => {
  expect(Math.max(...slerp(a, b, 0).map((value, i) => Math.abs(value - a[i]!)))).toBeLessThan(1e-6);
  expect(Math.max(...slerp(a, b, 1).map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-6);
  expect(power(slerp(a, b, 0.5))).toBeCloseTo((power(a) + power(b)) / 2, 1);
});

test("a static and itself do not divide by zero", () => {
  expect(Math.max(...slerp(a, a, 0.3).map((value, i) => Math.abs(value - a[i]!)))).toBeLessThan(1e-6);
});
