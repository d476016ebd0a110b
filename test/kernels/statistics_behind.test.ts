import { expect, test } from "vitest";
import { conv2d } from "../../src/kernels/conv2d";
import { pack, packedShape } from "../../src/kernels/packing";
import { statisticsBehind } from "../../src/kernels/statistics_behind";
import { Recording, type Tensor } from "../../src/recording/recording";
import { type BHWC, pad4, sizeOf } from "../../src/tensor/shape";
import { run } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

/** A normalising convolution reads the statistics: it must give the same whoever wrote them. */
test.each([
  { why: "several tiles, the last one short", shape: [2, 7, 11, 6] as BHWC, mean: 0 },
  { why: "an image smaller than a tile", shape: [3, 2, 2, 4] as BHWC, mean: 0 },
  { why: "mean much larger than std", shape: [1, 8, 8, 8] as BHWC, mean: 300 },
])("statistics as a convolution leaves them: $why", async ({ shape, mean }) => {
  const C = shape[3];
  const identity = Float32Array.from({ length: C * C }, (_, i) => Number(i % (C + 1) === 0));
  const copying = pack({ kind: "conv", parts: ["w"], sources: [C] }, [{ shape: [C, C, 1, 1], data: identity }]);
  const inputs = {
    x: { shape, data: normal(sizeOf(shape), 1) },
    w: { shape: packedShape("conv", 1, [C], [C]), data: copying },
    bias: { shape: [C], data: normal(C, 2, mean) },
    vectors: { shape: [3 * pad4(C)], data: normal(3 * pad4(C), 3, 1) },
  };
  const pointwise = { channels: C, kernel: [1, 1], padding: [0, 0, 0, 0] } as const;
  const norm = { groups: 2, eps: 1e-5, activation: "silu" } as const;
  const { own, behind } = await run(inputs, (t, recording) => {
    const copy = conv2d(t.x, t.w, { ...pointwise, vectors: t.bias, statistics: true });
    const a = recording.add("copy", copy).y;
    const b = recording.add("bare copy", { ...copy, params: { ...copy.params, emits_statistics: 0 } }).y;
    recording.add("statistics", statisticsBehind(b));
    // States keep their memory to the end.
    const normalised = (label: string, x: Tensor<BHWC>) => {
      const layer = conv2d(x, t.w, { ...pointwise, vectors: t.vectors, norm });
      return recording.add(label, { ...layer, writes: { y: recording.state(label, shape) } }).y;
    };
    return { own: normalised("own", a), behind: normalised("behind", b) };
  });
  expect(behind).toBeAllClose(own, { rtol: 1e-5, atol: 1e-5 + Math.abs(mean) * 3e-7 });
});

test("a tensor without room for them is refused", () => {
  const y = new Recording("test").state("y", [1, 4, 4, 8]);
  expect(() => statisticsBehind(y)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: statisticsBehind: (1, 4, 4, 8) must have room for 16, got 0]`,
  );
});
