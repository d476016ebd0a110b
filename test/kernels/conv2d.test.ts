import { describe, expect, test } from "vitest";
import type { Activation } from "../../src/kernels/activation";
import type { Chooser } from "../../src/kernels/choices";
import { type Conv2dOptions, type Convolution, conv2d, linear } from "../../src/kernels/conv2d";
import { pack, packedShape } from "../../src/kernels/packing";
import { POSITION_WORDS } from "../../src/kernels/time_share";
import { algorithmsFor, chooseAlgorithms, type Target } from "../../src/kernels/variants";
import { Recording, type Tensor } from "../../src/recording/recording";
import { type BHWC, pad4, padRows, sizeOf } from "../../src/tensor/shape";
import { activations } from "../reference/activation";
import * as reference from "../reference/conv2d";
import { groupNorm } from "../reference/group_norm";
import { run, runOne, testDevice } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

interface Case {
  readonly why: string;
  readonly shape: BHWC;
  readonly channels: number;
  readonly second?: number;
  readonly residual?: boolean;
  /** Channels of the sources of a 1x1 shortcut. */
  readonly shortcut?: readonly number[];
  readonly norm?: { readonly groups: number; readonly activation: Activation };
  readonly time?: "bias" | "modulates";
  readonly options?: Pick<Conv2dOptions, "kernel" | "stride" | "dilation" | "padding" | "upsample" | "scale">;
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
  {
    why: "a long sum, several tiles of pixels and channels",
    shape: [1, 6, 7, 72],
    channels: 40,
  },
  {
    why: "a sum long enough for two parts, with all that surrounds it",
    shape: [2, 6, 6, 64],
    channels: 36,
    residual: true,
    norm: { groups: 4, activation: "silu" },
    time: "bias",
  },
  {
    why: "a picture's channels in, stride 2",
    shape: [2, 7, 9, 3],
    channels: 33,
    options: { stride: 2, padding: [0, 0, 1, 1] },
  },
  {
    why: "a picture's channels out, normalised",
    shape: [2, 7, 5, 40],
    channels: 3,
    norm: { groups: 4, activation: "silu" },
    options: { scale: 2 },
  },
  {
    why: "a normalised input, the time's bias by step and image",
    shape: [3, 7, 6, 8],
    channels: 12,
    norm: { groups: 4, activation: "silu" },
    time: "bias",
  },
  {
    why: "a norm over two padded sources with a group across the seam, upsampled",
    shape: [2, 4, 3, 7],
    second: 3,
    channels: 32,
    norm: { groups: 5, activation: "gelu" },
    options: { upsample: true },
  },
  {
    why: "a modulated norm, a shortcut of two sources, scaled",
    shape: [2, 6, 7, 12],
    channels: 36,
    shortcut: [6, 9],
    norm: { groups: 3, activation: "mish" },
    time: "modulates",
    options: { scale: 0.5 },
  },
  {
    why: "a shortcut of one source, a norm without activation",
    shape: [1, 5, 5, 4],
    channels: 8,
    shortcut: [5],
    norm: { groups: 1, activation: "identity" },
  },
];

/** Every algorithm, on the least device that it runs on. */
const gpu: Target = { kind: "gpu", subgroupSize: null };
const split: Chooser = (operation) =>
  algorithmsFor(operation as Convolution, gpu).includes("split") ? { algorithm: "split" } : undefined;
const algorithms: { algorithm: string; baseline: boolean; target?: Target; choose?: Chooser }[] = [
  { algorithm: "the tile in workgroup memory", baseline: true },
  { algorithm: "what the table says for a GPU", baseline: true, target: gpu },
  { algorithm: "a sum in parts", baseline: true, target: gpu, choose: split },
  { algorithm: "the tile of registers", baseline: true, target: { kind: "cpu", subgroupSize: null } },
  { algorithm: "whatever the adapter prefers", baseline: false },
];

describe.each(algorithms)("conv2d by $algorithm", (options) => {
  test.each(cases)("$why: $shape to $channels", async (given) => {
    const { inputs, launch, expected } = prepared(given);
    const { y } = await run(inputs, launch, options);
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 3e-5 });
  });
});

/** A case's tensors, its dispatches, and what they must give by the definition. */
function prepared({ shape, channels, second = 0, residual, shortcut, norm, time, options = {} }: Case) {
  const [B, H, W, C] = shape;
  const kernel = options.kernel ?? [3, 3];
  const taps = kernel[0] * kernel[1];
  const stride = options.stride ?? 1;
  const enlarged = options.upsample ? 2 : 1;
  const outShape: BHWC = [B, Math.ceil((H * enlarged) / stride), Math.ceil((W * enlarged) / stride), channels];
  const pixels = outShape[1] * outShape[2];
  const sources = second ? [C, second] : [C];
  const total = C + second;
  const x = normal(sizeOf(shape), 1, norm ? 3 : 0);
  const other = normal(B * H * W * Math.max(second, 1), 2);
  const w = normal(channels * total * taps, 3);
  const bias = normal(channels, 4);
  const added = normal(B * pixels * channels, 5);
  const [gamma, beta] = [normal(total, 6, 1), normal(total, 7)];
  const ways = shortcut ?? [];
  const around = ways.map((width, i) => normal(B * pixels * width, 8 + i));
  const wAround = normal(channels * ways.reduce((a, b) => a + b, 0), 10);
  const table = normal(3 * 2 * 96, 11); // 3 steps of 2 conditions
  const conditions = Array.from({ length: B }, (_, b) => (b + 1) % 2);
  const position = new Uint32Array(POSITION_WORDS);
  position.set([2, 0, 0, 0, ...conditions]);
  const rowOf = (b: number) => (2 * 2 + conditions[b]!) * 96 + 4;

  const packed = [
    ...pack({ kind: "conv", parts: ["w"], sources }, [{ shape: [channels, total, ...kernel], data: w }]),
    ...(shortcut
      ? pack({ kind: "conv", parts: ["s"], sources: ways }, [
          { shape: [channels, wAround.length / channels, 1, 1], data: wAround },
        ])
      : []),
  ];
  const vectors = [...(norm ? [gamma, beta].flatMap((vector) => splitPadded(vector, sources)) : []), ...bias];
  const inputs = {
    x: { shape, data: x },
    second: { shape: [B, H, W, Math.max(second, 1)] as BHWC, data: other },
    w: { shape: [packed.length / pad4(channels), pad4(channels)], data: Float32Array.from(packed) },
    vectors: { shape: [vectors.length], data: Float32Array.from(vectors) },
    residual: { shape: outShape, data: added },
    around: {
      shape: [B, outShape[1], outShape[2], ways[0] ?? 1] as BHWC,
      data: around[0] ?? new Float32Array(B * pixels),
    },
    around2: {
      shape: [B, outShape[1], outShape[2], ways[1] ?? 1] as BHWC,
      data: around[1] ?? new Float32Array(B * pixels),
    },
    table: { shape: [6, 96] as const, data: table },
    position: { shape: [POSITION_WORDS], data: position },
    one: identity(C),
    two: identity(Math.max(second, 1)),
    none: { shape: [Math.max(C, second)], data: new Float32Array(Math.max(C, second)) },
  };
  type Tensors = { [K in keyof typeof inputs]: Tensor<(typeof inputs)[K]["shape"]> };
  const launch = (t: Tensors, recording: Recording) => {
    // Whoever is to be normalised must carry statistics: a convolution that copies leaves them.
    const copy = (from: Tensor<BHWC>, one: Tensor, C: number) => {
      const copied = { channels: C, vectors: t.none, kernel: [1, 1], padding: [0, 0, 0, 0], statistics: true } as const;
      return norm
        ? recording.add("copy", conv2d(from, one, { ...copied, vectors: recording.state("zeros", [C]) })).y
        : from;
    };
    const share = { table: t.table, position: t.position, column: 4, conditions: 2, modulates: time === "modulates" };
    return recording.add(
      "conv",
      conv2d(copy(t.x, t.one, C), t.w, {
        ...options,
        channels,
        vectors: t.vectors,
        ...(second ? { second: copy(t.second, t.two, second) } : {}),
        ...(residual ? { residual: t.residual } : {}),
        ...(shortcut ? { shortcut: { x: t.around, second: ways[1] ? t.around2 : undefined } } : {}),
        ...(norm ? { norm: { ...norm, eps: 1e-5 } } : {}),
        ...(time ? { time: share } : {}),
      }),
    );
  };

  const both = second ? reference.concatChannels(x, other, C, second) : Float64Array.from(x);
  const normalised = norm
    ? groupNorm(both, [B, H * W, total], gamma, beta, norm.groups, 1e-5).map((value, i) => {
        const at = rowOf(Math.floor(i / (H * W * total))) + (i % total);
        const isModulated = time === "modulates";
        return activations[norm.activation](isModulated ? value * (1 + table[at]!) + table[at + total]! : value);
      })
    : both;
  const input: BHWC = [B, H, W, total];
  const sum = reference.conv2d({
    x: options.upsample ? reference.upsampleNearest(normalised, input) : normalised,
    shape: [B, H * enlarged, W * enlarged, total],
    w,
    bias: (b, n) => bias[n]! + (time === "bias" ? table[rowOf(b) + n]! : 0),
    channels,
    kernel,
    stride,
    dilation: options.dilation ?? 1,
    padding: options.padding ?? [1, 1, 1, 1],
  });
  const widths = ways.reduce((a, b) => a + b, 0);
  const joined = ways.length > 1 ? reference.concatChannels(around[0]!, around[1]!, ways[0]!, ways[1]!) : around[0];
  const expected = sum.map((value, i) => {
    const [p, n] = [Math.floor(i / channels), i % channels];
    let way = residual ? added[i]! : 0;
    for (let c = 0; c < widths; c++) way += joined![p * widths + c]! * wAround[n * widths + c]!;
    return (value + way) * (options.scale ?? 1);
  });
  return { inputs, launch, expected };
}

/** The weights of a 1x1 convolution that copies C channels. */
function identity(C: number) {
  const data = Float32Array.from({ length: C * C }, (_, i) => Number(i % (C + 1) === 0));
  const packed = pack({ kind: "conv", parts: ["one"], sources: [C] }, [{ shape: [C, C, 1, 1], data }]);
  return { shape: packedShape("conv", 1, [C], [C]), data: packed };
}

/** A vector over concatenated sources, each source's part padded by itself. */
function splitPadded(vector: Float32Array, sources: readonly number[]): number[] {
  let first = 0;
  return sources.flatMap((channels) => {
    first += channels;
    return [...padRows(vector.subarray(first - channels, first), [channels])];
  });
}

describe("conv2d", () => {
  test("the software adapters take the variant that shares loads within a subgroup", async () => {
    const { device } = await testDevice({ baseline: false });
    const { kind, subgroupSize } = device.adapter;
    const recording = new Recording("variant");
    const x = recording.state("x", [1, 4, 4, 4] as BHWC);
    const w = recording.state("w", [9, 4, 32]);
    recording.add("conv", conv2d(x, w, { channels: 32, vectors: recording.state("bias", [32]) }));
    chooseAlgorithms(recording, device.adapter);
    expect(subgroupSize).not.toBeNull();
    expect(recording.dispatches[0]!.shader.name).toBe(kind === "cpu" ? "conv2d_subgroup" : "conv2d");
  });

  test("shapes that do not fit are refused", () => {
    const recording = new Recording("test");
    const x = recording.state<BHWC>("x", [1, 2, 2, 4]);
    const vectors = recording.state("vectors", [8]);
    const narrow = recording.state("w", [9, 4, 4]);
    const w = recording.state("w", [9, 4, 8]);
    expect(() => conv2d(x, narrow, { channels: 8, vectors })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: w must be packed as (36, 8), got (9, 4, 4)]`,
    );
    expect(() => conv2d(x, w, { channels: 8, vectors, padding: [0, 0, 0, 0] })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: the 3 x 3 window must fit the padded input, got (1, 2, 2, 4)]`,
    );
    const norm = { groups: 2, eps: 1e-5, activation: "silu" } as const;
    expect(() => conv2d(x, w, { channels: 8, vectors, norm })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: vectors must be (16), got (8)]`,
    );
    const all = recording.state("vectors", [16]);
    expect(() => conv2d(x, w, { channels: 8, vectors: all, norm })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: to be normalised, x must carry its statistics; they are a convolution's option]`,
    );
    expect(() =>
      conv2d(x, w, { channels: 8, vectors: all, norm: { ...norm, groups: 3 } }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: the norm's channels must divide into groups, got C = 4 and groups = 3]`,
    );
    const residual = recording.state("residual", [1, 2, 2, 4]);
    expect(() => conv2d(x, w, { channels: 8, vectors, residual })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: conv2d: residual must be (1, 2, 2, 8), got (1, 2, 2, 4)]`,
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
      (t) => linear(t.x, t.w, { channels: N, vectors: t.bias }),
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
