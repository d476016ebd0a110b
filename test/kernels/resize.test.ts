import { describe, expect, test } from "vitest";
import { type Coordinates, type Rounding, resize } from "../../src/kernels/resize";
import { Recording } from "../../src/recording/recording";
import { type BHWC, sizeOf } from "../../src/tensor/shape";
import { resize as reference } from "../reference/resize";
import { runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

interface Case {
  readonly shape: BHWC;
  readonly out: readonly [number, number];
  readonly mode: "nearest" | "linear";
  readonly coordinates?: Coordinates;
  readonly rounding?: Rounding;
  readonly why: string;
}

describe("resize", () => {
  test.each<Case>([
    { shape: [2, 5, 3, 6], out: [10, 6], mode: "nearest", why: "Upsample2D" },
    { shape: [1, 4, 7, 8], out: [2, 3], mode: "nearest", why: "smaller, by a fraction" },
    { shape: [1, 3, 7, 3], out: [9, 21], mode: "nearest", why: "thirds, which f32 does not have" },
    { shape: [1, 6, 6, 1], out: [4, 9], mode: "nearest", coordinates: "half_pixel", rounding: "ceil", why: "ceil" },
    {
      shape: [1, 4, 6, 5],
      out: [2, 3],
      mode: "nearest",
      coordinates: "half_pixel",
      rounding: "round_prefer_floor",
      why: "ties go down",
    },
    {
      shape: [1, 4, 6, 5],
      out: [2, 3],
      mode: "nearest",
      coordinates: "half_pixel",
      rounding: "round_prefer_ceil",
      why: "ties go up",
    },
    { shape: [2, 5, 3, 6], out: [10, 6], mode: "linear", why: "torch's bilinear" },
    { shape: [1, 9, 8, 4], out: [4, 5], mode: "linear", why: "smaller, without antialiasing" },
    { shape: [1, 5, 4, 7], out: [13, 9], mode: "linear", coordinates: "align_corners", why: "corners on corners" },
    {
      shape: [1, 5, 4, 3],
      out: [1, 7],
      mode: "linear",
      coordinates: "align_corners",
      why: "a single row shows the first",
    },
    { shape: [1, 4, 4, 3], out: [3, 1], mode: "linear", coordinates: "pytorch_half_pixel", why: "a single column" },
    { shape: [1, 1, 1, 4], out: [5, 3], mode: "linear", coordinates: "asymmetric", why: "a single pixel" },
  ])("$mode, $shape to $out: $why", async ({ shape, out, mode, ...options }) => {
    const x = normal(sizeOf(shape), 1);
    const { coordinates = mode === "nearest" ? "asymmetric" : "half_pixel", rounding = "floor" } = options;
    const y = await runOne({ x: { shape, data: x } }, (t) => resize(t.x, out, mode, options));
    expect(y).toBeAllClose(reference(x, shape, out, mode, { coordinates, rounding }), { rtol: 0, atol: 2e-6 });
  });

  test("refuses an impossible size", () => {
    const x = new Recording("test").state("x", [1, 4, 4, 4] as const);
    expect(() => resize(x, [0, 8], "nearest")).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: resize: sizes must be 1 to 16384, got 4 x 4 to 0 x 8]`,
    );
  });
});
