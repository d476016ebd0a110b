import { describe, expect, test } from "vitest";
import type { Activation } from "../../src/kernels/activation";
import { recordWinograd } from "../../src/kernels/conv2d_winograd";
import { channelStatistics, groupNormFold } from "../../src/kernels/group_norm";
import { pack, packedShape } from "../../src/kernels/packing";
import { POSITION_WORDS } from "../../src/kernels/time_share";
import { winogradWeights } from "../../src/kernels/winograd_weights";
import type { Recording, Tensor } from "../../src/recording/recording";
import { type BHWC, padRows, sizeOf } from "../../src/tensor/shape";
import { activations } from "../reference/activation";
import * as reference from "../reference/conv2d";
import { groupNorm } from "../reference/group_norm";
import { run, testDevice } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

interface Case {
  readonly why: string;
  readonly shape: BHWC;
  readonly channels: number;
  readonly second?: number;
  readonly norm?: { readonly groups: number; readonly activation: Activation };
  readonly upsample?: boolean;
  readonly surrounded?: boolean;
  readonly workgroup?: number;
}

const cases: Case[] = [
  { why: "whole tiles", shape: [1, 8, 8, 8], channels: 8 },
  { why: "tiles beyond both edges, three images", shape: [3, 7, 5, 5], channels: 6 },
  { why: "one pixel", shape: [1, 1, 1, 4], channels: 4 },
  { why: "many channels, more than sixteen tiles", shape: [2, 14, 17, 64], channels: 32 },
  { why: "tiles and channels that fill the product's registers", shape: [1, 31, 30, 6], channels: 128 },
  { why: "the same, the last workgroup not full", shape: [1, 18, 19, 12], channels: 64, workgroup: 128 },
  { why: "an enlarged input", shape: [2, 3, 5, 6], channels: 4, upsample: true },
  { why: "bias, time, residual and scale", shape: [2, 6, 6, 4], channels: 12, surrounded: true },
  { why: "a norm", shape: [2, 9, 6, 8], channels: 8, norm: { groups: 2, activation: "silu" } },
  {
    why: "a norm over two padded sources, a group across the seam",
    shape: [2, 5, 6, 6],
    channels: 10,
    second: 3,
    norm: { groups: 3, activation: "gelu" },
    surrounded: true,
  },
];

describe.each([
  { tile: 4, device: "with WebGPU's defaults", baseline: true },
  { tile: 4, device: "with all that the adapter has", baseline: false },
  { tile: 2, device: "with WebGPU's defaults", baseline: true },
  { tile: 2, device: "with all that the adapter has", baseline: false },
] as const)("Winograd's convolution, $tile pixels a side, on a device $device", ({ tile, baseline }) => {
  test.each(cases)("$why: $shape to $channels", async (given) => {
    const { shape, channels, second = 0, norm, upsample = false, surrounded = false, workgroup } = given;
    const [B, H, W, C] = shape;
    const enlarged = upsample ? 2 : 1;
    const outShape: BHWC = [B, H * enlarged, W * enlarged, channels];
    const sources = second ? [C, second] : [C];
    const total = C + second;
    const x = normal(sizeOf(shape), 1);
    const other = normal(B * H * W * Math.max(second, 1), 2, 1);
    const w = normal(channels * total * 9, 3);
    const bias = normal(channels, 4);
    const [gamma, beta] = [normal(total, 5, 1), normal(total, 6)];
    const added = normal(sizeOf(outShape), 7);
    const table = normal(2 * 32, 8);
    const scale = surrounded ? 0.5 : 1;
    const vectors = [gamma, beta].flatMap((vector) =>
      sources.flatMap((width, i) => [...padRows(vector.subarray(i * C, i * C + width), [width])]),
    );
    const packing = { kind: "conv", parts: ["w"], sources } as const;
    const u = winogradWeights(pack(packing, [{ shape: [channels, total, 3, 3], data: w }]), tile);
    const [, rows, columns] = packedShape("conv", 9, sources, [channels]);
    const position = new Uint32Array(POSITION_WORDS);
    position[0] = 1;
    const inputs = {
      x: { shape, data: x },
      second: { shape: [B, H, W, Math.max(second, 1)] as BHWC, data: other },
      u: { shape: [(tile + 2) ** 2, rows, columns], data: u },
      vectors: { shape: [vectors.length + channels], data: Float32Array.from([...vectors, ...bias]) },
      residual: { shape: outShape, data: added },
      table: { shape: [2, 32] as const, data: table },
      position: { shape: [POSITION_WORDS], data: position },
    };
    type Tensors = { [K in keyof typeof inputs]: Tensor<(typeof inputs)[K]["shape"]> };
    const { device } = await testDevice({ baseline });
    const record = (t: Tensors, recording: Recording) => {
      const y = recording.state("y", outShape);
      const statistics = recording.add("statistics", channelStatistics(t.x)).statistics;
      const others = second ? recording.add("statistics2", channelStatistics(t.second)).statistics : undefined;
      const fold = {
        statistics,
        second: others,
        vectors: t.vectors,
        groups: norm?.groups ?? 1,
        eps: 1e-5,
        pixels: H * W,
      };
      const { affine } = recording.add("fold", groupNormFold(fold));
      const size = { out_height: H * enlarged, out_width: W * enlarged, in_height: H, in_width: W };
      const taps = { kernel_height: 3, kernel_width: 3, stride: 1, dilation: 1, pad_top: 1, pad_left: 1 };
      const around = {
        bias: vectors.length,
        time: { table: t.table, position: t.position, column: 8, conditions: 1, modulates: false },
        residual: t.residual,
      };
      const conv = {
        ...(surrounded ? around : {}),
        x: t.x,
        second: second ? t.second : undefined,
        w: t.u,
        row: 0,
        vectors: t.vectors,
        norm: norm && { affine, activation: norm.activation },
        scale,
        window: { ...size, ...taps, upsample: Number(upsample) },
        images: B,
        channels,
        flops: 1,
      };
      recordWinograd(recording, "conv", conv, tile, device.adapter.subgroupSize, y, workgroup);
      return { y };
    };
    const { y } = await run(inputs, record, { baseline, target: { kind: "gpu", subgroupSize: null } });

    const both = second ? reference.concatChannels(x, other, C, second) : Float64Array.from(x);
    const h = norm
      ? groupNorm(both, [B, H * W, total], gamma, beta, norm.groups, 1e-5).map(activations[norm.activation])
      : both;
    const sum = reference.conv2d({
      x: upsample ? reference.upsampleNearest(h, [B, H, W, total]) : h,
      shape: [B, H * enlarged, W * enlarged, total],
      w,
      bias: (_b, n) => (surrounded ? bias[n]! + table[32 + 8 + n]! : 0),
      channels,
      kernel: [3, 3],
      stride: 1,
      padding: [1, 1, 1, 1],
    });
    const expected = sum.map((value, i) => (value + (surrounded ? added[i]! : 0)) * scale);
    // Winograd rounds twice as coarsely as the plain sum does.
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-4 });
  });
});

test("weights: every place is the plain product of points", () => {
  // One pair of channels, a filter of one tap: the transform is the outer product of the points' first powers.
  const u = winogradWeights(Float32Array.from([0, 0, 0, 0, 1, 0, 0, 0, 0]), 4);
  const first = [0, 1 / (2 * Math.SQRT1_2 * (0.5 - 2)), -1 / (2 * Math.SQRT1_2 * (0.5 - 2))];
  expect(u[0]).toBe(0);
  expect(u[7]).toBeCloseTo(first[1]! * first[1]!, 6);
  expect(u[8]).toBeCloseTo(first[1]! * first[2]!, 6);
  expect(u[35]).toBe(0);
  expect(u).toHaveLength(36);
});
