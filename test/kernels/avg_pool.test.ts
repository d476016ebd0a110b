import { describe, expect, test } from "vitest";
import { type AvgPoolOptions, avgPool, type Pair } from "../../src/kernels/avg_pool";
import { Recording } from "../../src/recording/recording";
import { type BHWC, sizeOf } from "../../src/tensor/shape";
import { avgPool as reference } from "../reference/avg_pool";
import { runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

interface Case {
  readonly shape: BHWC;
  readonly taps: Pair;
  readonly out: Pair;
  readonly why: string;
  readonly options?: AvgPoolOptions;
}

describe("avg_pool", () => {
  test.each<Case>([
    { shape: [2, 8, 6, 8], taps: [2, 2], out: [4, 3], why: "halving, as Downsample2D" },
    { shape: [1, 7, 5, 3], taps: [2, 2], out: [3, 2], why: "an odd size loses its last row" },
    { shape: [1, 7, 5, 3], taps: [2, 2], out: [4, 3], options: { ceil: true }, why: "or keeps it" },
    {
      shape: [1, 9, 8, 5],
      taps: [3, 2],
      out: [5, 7],
      options: { stride: [2, 1], padding: [1, 0, 1, 0] },
      why: "padding that does not count",
    },
    {
      shape: [1, 5, 6, 4],
      taps: [3, 3],
      out: [4, 4],
      options: { stride: [2, 2], padding: [2, 2, 1, 2], countPadding: true, ceil: true },
      why: "padding that counts, and a window past it",
    },
    {
      shape: [1, 9, 9, 2],
      taps: [2, 3],
      out: [7, 3],
      options: { stride: [1, 2], dilation: [2, 2] },
      why: "taps two pixels apart",
    },
    {
      shape: [1, 2, 2, 3],
      taps: [3, 3],
      out: [1, 1],
      options: { stride: [3, 3], padding: [1, 1, 1, 1], countPadding: true, ceil: true },
      why: "no window begins behind the image",
    },
  ])("$shape by $taps: $why", async ({ shape, taps, out, options = {} }) => {
    const x = normal(sizeOf(shape), 1, 3);
    let written: readonly number[] = [];
    const y = await runOne({ x: { shape, data: x } }, (t) => {
      const dispatch = avgPool(t.x, taps, options);
      written = dispatch.writes.y.shape;
      return dispatch;
    });
    expect(written).toEqual([shape[0], ...out, shape[3]]);
    const defaults = { stride: taps, dilation: [1, 1], padding: [0, 0, 0, 0], countPadding: false } as const;
    expect(y).toBeAllClose(reference(x, shape, { ...defaults, ...options, taps, out }), { rtol: 1e-6, atol: 1e-6 });
  });

  test("refuses a window larger than the image", () => {
    const x = new Recording("test").state("x", [1, 4, 1, 4] as const);
    expect(() => avgPool(x, 2)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: avgPool: a window of (2, 2) must fit the padded image, got (1, 4, 1, 4)]`,
    );
  });
});
