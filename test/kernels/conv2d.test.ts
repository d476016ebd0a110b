import { describe, expect, test } from "vitest";
import { type Conv2dOptions, conv2d, linear } from "../../src/kernels/conv2d";
import { pack, packedShape } from "../../src/kernels/packing";
import { variantFor } from "../../src/kernels/variants";
import { Recording } from "../../src/recording/recording";
import { type BHWC, sizeOf } from "../../src/tensor/shape";
import * as reference from "../reference/conv2d";
import { run, runOne, testDevice } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

interface Case {
  readonly why: string;
  readonly shape: BHWC;
  readonly channels: number;
  readonly second?: number;
  readonly residual?: boolean;
  readonly options?: Partial<Omit<Conv2dOptions, "channels" | "bias" | "second" | "residual">>;
}

const cases: Case[] = [
  { why: "the plain case", shape: [1, 8, 8, 8], channels: 8 },
  { why: "one channel in, odd sizes, batch of two", shape: [2, 7, 5, 1], channels: 6 },
  { why: "three channels out", shape: [1, 9, 9, 12], channels: 3 },
  { why: "stride 2", shape: [1, 9, 11, 4], channels: 8, options: { stride: 2 } },
  {
    why: "diffusers' asymmetric padding",
    shape: [2, 8, 6, 5],
    channels: 5,
    options: { stride: 2, padding: [0, 0, 1, 1] },
  },
  { why: "1 x 1", shape: [1, 5, 7, 10], channels: 9, options: { kernel: [1, 1], padding: [0, 0, 0, 0] } },
  { why: "two sources, neither a multiple of four", shape: [2, 5, 5, 6], second: 7, channels: 11 },
  { why: "upsampled window", shape: [2, 3, 5, 6], channels: 4, options: { upsample: true } },
  {
    why: "upsampled, two sources, residual",
    shape: [1, 4, 4, 4],
    second: 8,
    channels: 8,
    residual: true,
    options: { upsample: true },
  },
  { why: "residual and scale", shape: [1, 6, 6, 8], channels: 8, residual: true, options: { scale: Math.SQRT1_2 } },
  {
    why: "5 x 3 window, dilated",
    shape: [1, 11, 9, 3],
    channels: 2,
    options: { kernel: [5, 3], dilation: 2, padding: [4, 2, 4, 2] },
  },
  { why: "enough channels for a subgroup of eight, pixels left over", shape: [1, 7, 9, 5], channels: 32 },
  {
    why: "two sources, stride 2 and residual with 64 channels",
    shape: [2, 8, 8, 6],
    second: 9,
    channels: 64,
    residual: true,
    options: { stride: 2 },
  },
  { why: "smaller than one register tile", shape: [1, 1, 1, 4], channels: 4 },
];

describe.each([
  { device: "with WebGPU's defaults", baseline: true },
  { device: "with all that the adapter has", baseline: false },
])("conv2d on a device $device", ({ baseline }) => {
  test.each(cases)(
    "$why: $shape to $channels",
    async ({ shape, channels, second = 0, residual = false, options = {} }) => {
      const [B, H, W, C] = shape;
      const kernel = options.kernel ?? [3, 3];
      const taps = kernel[0] * kernel[1];
      const x = normal(sizeOf(shape), 1);
      const other = normal(B * H * W * Math.max(second, 1), 2);
      const w = normal(channels * (C + second) * taps, 3);
      const bias = normal(channels, 4);
      const sources = second ? [C, second] : [C];
      const packed = packedShape("conv", taps, sources, [channels]);
      const data = pack({ kind: "conv", parts: ["w"], sources }, [
        { shape: [channels, C + second, ...kernel], data: w },
      ]);

      const joined = second ? reference.concatChannels(x, other, C, second) : Float64Array.from(x);
      const joinedShape: BHWC = [B, H, W, C + second];
      const enlarged: BHWC = options.upsample ? [B, 2 * H, 2 * W, C + second] : joinedShape;
      const expected = reference.conv2d({
        x: options.upsample ? reference.upsampleNearest(joined, joinedShape) : joined,
        shape: enlarged,
        w,
        bias: (_b, n) => bias[n]!,
        channels,
        kernel,
        stride: options.stride ?? 1,
        dilation: options.dilation ?? 1,
        padding: options.padding ?? [1, 1, 1, 1],
      });
      const stride = options.stride ?? 1;
      const outShape: BHWC = [B, Math.ceil(enlarged[1] / stride), Math.ceil(enlarged[2] / stride), channels];
      const added = normal(expected.length, 5);
      const total = expected.map((value, i) => (value + (residual ? added[i]! : 0)) * (options.scale ?? 1));

      const { y } = await run(
        {
          x: { shape, data: x },
          second: { shape: [B, H, W, Math.max(second, 1)] as BHWC, data: other },
          w: { shape: packed, data },
          bias: { shape: [channels], data: bias },
          residual: { shape: outShape, data: residual ? added : new Float32Array(sizeOf(outShape)) },
        },
        (t, recording) =>
          recording.add(
            "conv",
            conv2d(t.x, t.w, {
              ...options,
              channels,
              bias: t.bias,
              ...(second ? { second: t.second } : {}),
              ...(residual ? { residual: t.residual } : {}),
            }),
          ),
        { baseline },
      );
      expect(y).toBeAllClose(total, { rtol: 1e-5, atol: 2e-5 });
    },
  );
});

describe("conv2d", () => {
  test("the software adapters take the variant that shares loads within a subgroup", async () => {
    const { device } = await testDevice({ baseline: false });
    const { kind, subgroupSize } = device.adapter;
    const recording = new Recording("variant");
    const x = recording.state("x", [1, 4, 4, 4] as BHWC);
    const w = recording.state("w", [9, 4, 32]);
    recording.add("conv", conv2d(x, w, { channels: 32, bias: recording.state("bias", [32]) }));
    recording.exchange((dispatch) => variantFor(dispatch, device.adapter));
    expect(subgroupSize).not.toBeNull();
    expect(recording.dispatches[0]!.shader.name).toBe(kind === "cpu" ? "conv2d_subgroup" : "conv2d");
  });

  test("bias rows: the step and each image's condition choose the row", async () => {
    const shape: BHWC = [3, 4, 4, 4];
    const x = normal(sizeOf(shape), 1);
    const w = normal(8 * 4 * 9, 2);
    const table = normal(3 * 2 * 16, 3); // 3 steps of 2 conditions, 16 columns
    const conditions = [1, 0, 1];
    const packed = packedShape("conv", 9, [4], [8]);
    const y = await runOne(
      {
        x: { shape, data: x },
        w: {
          shape: packed,
          data: pack({ kind: "conv", parts: ["w"], sources: [4] }, [{ shape: [8, 4, 3, 3], data: w }]),
        },
        table: { shape: [6, 16], data: table },
        position: { shape: [8], data: Uint32Array.from([2, 0, 0, 0, ...conditions, 0]) },
      },
      (t) =>
        conv2d(t.x, t.w, { channels: 8, bias: { table: t.table, position: t.position, column: 4, conditions: 2 } }),
    );
    const expected = reference.conv2d({
      x,
      shape,
      w,
      bias: (b, n) => table[(2 * 2 + conditions[b]!) * 16 + 4 + n]!,
      channels: 8,
      kernel: [3, 3],
      stride: 1,
      padding: [1, 1, 1, 1],
    });
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 2e-5 });
  });

  test("shapes that do not fit are refused", () => {
    const tensor = (shape: number[]) => ({ id: 0, label: "t", shape, dtype: "f32", kind: "state" }) as const;
    const x = { ...tensor([1, 2, 2, 4]), shape: [1, 2, 2, 4] as BHWC };
    const bias = tensor([8]);
    expect(() => conv2d(x, tensor([9, 4, 4]), { channels: 8, bias })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: w must be packed as (9, 4, 8), got (9, 4, 4)]`,
    );
    expect(() =>
      conv2d(x, tensor([9, 4, 8]), { channels: 8, bias, padding: [0, 0, 0, 0] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: the 3 x 3 window must fit the padded input, got (1, 2, 2, 4)]`,
    );
  });
});

describe("linear", () => {
  test.each([
    { why: "tokens, odd widths", shape: [2, 5, 7], channels: [9] },
    { why: "a table of many rows", shape: [100, 32], channels: [33] },
    { why: "queries, keys and values in one", shape: [1, 16, 12], channels: [12, 12, 12] },
  ])("$why", async ({ shape, channels }) => {
    const D = shape.at(-1)!;
    const rows = sizeOf(shape) / D;
    const x = normal(sizeOf(shape), 1);
    const parts = channels.map((n, i) => ({ shape: [n, D], data: normal(n * D, 2 + i) }));
    const biases = channels.map((n, i) => normal(n, 12 + i));
    const N = channels.reduce((a, b) => a + b);
    const packing = { kind: "linear", parts: channels.map(String), sources: [D] } as const;
    const y = await runOne(
      {
        x: { shape, data: x },
        w: { shape: packedShape("linear", 1, [D], channels), data: pack(packing, parts) },
        bias: { shape: [N], data: Float32Array.from(biases.flatMap((b) => [...b])) },
      },
      (t) => linear(t.x, t.w, { channels: N, bias: t.bias }),
    );
    // The parts' outputs stand side by side in a row of y.
    const columns = parts.flatMap(({ shape: [n], data }, part) =>
      Array.from({ length: n! }, (_, i) => ({ w: data.subarray(i * D, (i + 1) * D), bias: biases[part]![i]! })),
    );
    const expected = Array.from({ length: rows * N }, (_, i) => {
      const row = x.subarray(Math.floor(i / N) * D, (Math.floor(i / N) + 1) * D);
      const { w, bias } = columns[i % N]!;
      return row.reduce((sum, value, k) => sum + value * w[k]!, bias);
    });
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 2e-5 });
  });
});
