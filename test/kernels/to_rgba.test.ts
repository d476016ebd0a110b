import { describe, expect, test } from "vitest";
import { toRgba } from "../../src/kernels/to_rgba";
import { Recording, type Tensor } from "../../src/recording/recording";
import { type BHWC, sizeOf } from "../../src/tensor/shape";
import { toRgba as reference } from "../reference/to_rgba";
import { run } from "../support/gpu";
import { normal } from "../support/random";

async function bytesOf(shape: BHWC, data: Float32Array): Promise<Uint8Array> {
  const { pixels } = await run({ x: { shape, data } }, (t, recording) => recording.add("kernel", toRgba(t.x)));
  return new Uint8Array(pixels.buffer);
}

describe("to_rgba", () => {
  test.each<{ shape: BHWC; why: string }>([
    { shape: [2, 5, 7, 3], why: "colour, a count that four does not divide" },
    { shape: [1, 9, 4, 1], why: "grey" },
    { shape: [1, 33, 5, 4], why: "with alpha" },
  ])("$shape: $why", async ({ shape }) => {
    // A third of the numbers lies outside [-1, 1].
    const x = normal(sizeOf(shape), 1);
    expect([...(await bytesOf(shape, x))]).toEqual([...reference(x, shape[3])]);
  });

  test("halves go to the even byte", async () => {
    // x / 2 + 1/2 = (n + 1/2) / 255 is rarely an f32; what the kernel and the reference make of it must still agree.
    const x = Float32Array.from({ length: 255 }, (_, n) => (2 * (n + 0.5)) / 255 - 1);
    expect([...(await bytesOf([1, 1, 255, 1], x))]).toEqual([...reference(x, 1)]);
  });

  test("refuses other channels", () => {
    const x: Tensor<BHWC> = new Recording("test").state("x", [1, 2, 2, 2]);
    expect(() => toRgba(x)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: toRgba: x must have 1, 3 or 4 channels, got (1, 2, 2, 2)]`,
    );
  });
});
