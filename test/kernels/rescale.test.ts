import { describe, expect, test } from "vitest";
import { conv2d } from "../../src/kernels/conv2d";
import { rescale } from "../../src/kernels/rescale";
import * as reference from "../reference/rescale";
import { run, runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

describe("rescale", () => {
  test("2 x - 1, channels that do not divide by four", async () => {
    const x = normal(2 * 5 * 3 * 6, 1);
    const y = await runOne({ x: { shape: [2, 5, 3, 6] as const, data: x } }, (t) =>
      rescale(t.x, { scale: 2, shift: -1 }),
    );
    expect(y).toBeAllClose(reference.rescale(x, { scale: 2, shift: -1, divisor: [1] }), { rtol: 1e-6, atol: 1e-6 });
  });

  test("the shift leaves the padding alone: a convolution with weights there does not see it", async () => {
    const x = normal(4, 2);
    const { y } = await run(
      { x: { shape: [1, 2, 2, 1] as const, data: x }, w: { shape: [1, 4, 4], data: new Float32Array(16).fill(1) } },
      (t, recording) => {
        const vectors = recording.state("bias", [4]);
        const shifted = recording.add("rescale", rescale(t.x, { shift: 3 })).y;
        return recording.add(
          "sum",
          conv2d(shifted, t.w, { channels: 4, vectors, kernel: [1, 1], padding: [0, 0, 0, 0] }),
        );
      },
    );
    expect(y).toBeAllClose(
      Array.from(x).flatMap((value) => new Array(4).fill(value + 3)),
      { rtol: 1e-6, atol: 1e-6 },
    );
  });

  test("each image by the number of its step and condition", async () => {
    const x = normal(3 * 4 * 5, 3);
    const position = new Uint32Array(8);
    position.set([1, 0, 0, 0, 1, 0, 1]);
    const y = await runOne(
      {
        x: { shape: [3, 2, 2, 5] as const, data: x },
        rows: { shape: [4], data: new Float32Array([9, 9, 0.5, 80]) },
        position: { shape: [8], data: position },
      },
      (t) => rescale(t.x, { divisor: { rows: t.rows, position: t.position, conditions: 2 } }),
    );
    const expected = reference.rescale(x, { scale: 1, shift: 0, divisor: [80, 0.5, 80] });
    expect(y).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-7 });
  });
});
