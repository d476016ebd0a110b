/** The statistics that a convolution leaves behind its result, whichever algorithm computes it. */
import { describe, expect, test } from "vitest";
import type { Chooser } from "../../src/kernels/choices";
import { type Convolution, conv2d, STATISTICS_TILE } from "../../src/kernels/conv2d";
import { pack, packedShape } from "../../src/kernels/packing";
import { algorithmsFor, type Target } from "../../src/kernels/variants";
import { type BHWC, pad4, sizeOf } from "../../src/tensor/shape";
import { run } from "../support/gpu";
import { normal } from "../support/random";

const gpu: Target = { kind: "gpu", subgroupSize: null };
const split: Chooser = (operation) =>
  algorithmsFor(operation as Convolution, gpu).includes("split") ? { algorithm: "split" } : undefined;

describe.each([
  { algorithm: "the tile", choose: () => ({ algorithm: "tile" }) },
  { algorithm: "the table for a GPU", choose: () => undefined },
  { algorithm: "a sum in parts", choose: split },
])("statistics by $algorithm", ({ choose }) => {
  test.each([
    { why: "several tiles, the last one short", shape: [2, 7, 11, 6] as BHWC, channels: 10, mean: 0 },
    { why: "an image smaller than a tile", shape: [3, 2, 2, 4] as BHWC, channels: 4, mean: 0 },
    { why: "mean much larger than std", shape: [1, 8, 8, 4] as BHWC, channels: 36, mean: 1000 },
    { why: "a sum of several parts", shape: [2, 5, 8, 256] as BHWC, channels: 9, mean: 0 },
  ])("$why: $shape", async ({ shape, channels, mean }) => {
    const [B, H, W, C] = shape;
    const data = normal(channels * C, 2);
    const packed = pack({ kind: "conv", parts: ["w"], sources: [C] }, [{ shape: [channels, C, 1, 1], data }]);
    const inputs = {
      x: { shape, data: normal(sizeOf(shape), 1) },
      w: { shape: packedShape("conv", 1, [C], [channels]), data: packed },
      vectors: { shape: [channels], data: normal(channels, 3, mean) },
    };
    const tiles = Math.ceil((H * W) / STATISTICS_TILE);
    const columns = pad4(channels);
    const { whole } = await run(
      inputs,
      (t, recording) => {
        const options = {
          channels,
          vectors: t.vectors,
          kernel: [1, 1],
          padding: [0, 0, 0, 0],
          statistics: true,
        } as const;
        const rows = B * H * W + B * tiles * 2;
        const y = recording.state("y and its statistics", [rows, columns]);
        return { whole: recording.add("conv", { ...conv2d(t.x, t.w, options), writes: { y } }).y };
      },
      { target: gpu, choose },
    );
    for (let b = 0; b < B; b++)
      for (let tile = 0; tile < tiles; tile++)
        for (let n = 0; n < channels; n++) {
          const end = Math.min(H * W, (tile + 1) * STATISTICS_TILE);
          const values = Array.from({ length: end - tile * STATISTICS_TILE }, (_, i) => {
            return whole[(b * H * W + tile * STATISTICS_TILE + i) * columns + n]!;
          });
          const average = values.reduce((a, v) => a + v, 0) / values.length;
          const m2 = values.reduce((a, v) => a + (v - average) ** 2, 0);
          const at = (B * H * W + (b * tiles + tile) * 2) * columns + n;
          expect(Math.abs(whole[at]! - average)).toBeLessThan(1e-5 + Math.abs(mean) * 1e-6);
          expect(Math.abs(whole[at + columns]! - m2)).toBeLessThan(1e-4 * (1 + m2) + Math.abs(mean) * 2e-6 * m2);
        }
  });
});
