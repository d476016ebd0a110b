import { describe, expect, test } from "vitest";
import { fromNchw, toNchw } from "../../src/kernels/layout";
import { Recording } from "../../src/recording/recording";
import { type BHWC, pad4, sizeOf } from "../../src/tensor/shape";
import * as reference from "../reference/layout";
import { run, runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

const SHAPES: { shape: BHWC; why: string }[] = [
  { shape: [2, 4, 3, 3], why: "a batch of RGB pictures" },
  { shape: [1, 5, 3, 1], why: "grey, fifteen numbers" },
  { shape: [3, 2, 5, 7], why: "two vec4s a pixel, the second with padding" },
  { shape: [1, 1, 1, 8], why: "a single pixel" },
  { shape: [1, 33, 17, 4], why: "a latent, several workgroups" },
];

describe("layout", () => {
  test.each(SHAPES)("from (B, C, H, W) to $shape: $why", async ({ shape }) => {
    const x = normal(sizeOf(shape), 1);
    const inputs = { x: { shape: [x.length] as const, data: x } };
    const C = shape[3];
    const { padded } = await run(inputs, (t, recording) => {
      const { y } = recording.add("kernel", fromNchw(t.x, shape));
      return { padded: { ...y, shape: [sizeOf(shape) / C, pad4(C)] } };
    });
    const rows = Array.from(reference.fromNchw(x, shape), (value, i) => {
      return i % C === C - 1 ? [value, ...new Array(pad4(C) - C).fill(0)] : [value];
    });
    expect(padded).toBeAllClose(rows.flat(), { rtol: 0, atol: 0 });
  });

  test.each(SHAPES)("from $shape to (B, C, H, W): $why", async ({ shape }) => {
    const x = normal(sizeOf(shape), 1);
    const y = await runOne({ x: { shape, data: x } }, (t) => toNchw(t.x));
    expect(y).toBeAllClose(reference.toNchw(x, shape), { rtol: 0, atol: 0 });
  });

  test("refuses another size", () => {
    const x = new Recording("test").state("x", [12] as const);
    expect(() => fromNchw(x, [1, 2, 2, 4])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: fromNchw: x must be (16), got (12)]`,
    );
  });
});
