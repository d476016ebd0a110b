/**
 * A matrix in f16 or 8-bit integers gives what the same numbers give in f32, in every algorithm of the convolution: the
 * rounding is the format's, never the kernel's.
 */
import { describe, expect, test } from "vitest";
import { conv2d, linear } from "../../src/kernels/conv2d";
import { applyFormats } from "../../src/kernels/formats";
import { withHalves } from "../../src/kernels/half_activations";
import { packedShape } from "../../src/kernels/packing";
import { chooseAlgorithms, type Target } from "../../src/kernels/variants";
import { Recording, type Tensor } from "../../src/recording/recording";
import { Program } from "../../src/runtime/program";
import { Weights } from "../../src/runtime/weights";
import { encodeHalf, halfToFloat } from "../../src/tensor/half";
import { decodeInt8, encodeInt8 } from "../../src/tensor/int8";
import { type BHWC, pad4, padRows, sizeOf, unpadRows } from "../../src/tensor/shape";
import { testDevice } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

type Format = "f32" | "f16" | "int8";

interface Case {
  readonly why: string;
  readonly shape: BHWC;
  readonly channels: number;
  readonly second?: number;
  readonly kernel: 1 | 3;
}

const CASES: Case[] = [
  { why: "more channels than a tile, pixels left over", shape: [1, 7, 5, 12], channels: 40, kernel: 3 },
  { why: "odd channels, two sources, a batch", shape: [2, 6, 6, 5], second: 3, channels: 6, kernel: 3 },
  { why: "a linear layer", shape: [3, 1, 7, 10], channels: 33, kernel: 1 },
  { why: "one number in, one out", shape: [1, 1, 1, 1], channels: 1, kernel: 1 },
];

/** How large the weights of an output channel are. */
function sizeOfColumn(column: number): number {
  return 10 ** ((column % 7) - 3);
}

/** Channels from a thousandth to a thousand: a scale for all of them would be seen. */
function weightsOf(rows: number, columns: number): Float32Array<ArrayBuffer> {
  const numbers = Float32Array.from(normal(rows * columns, 3));
  for (let i = 0; i < numbers.length; i++) numbers[i]! *= sizeOfColumn(i % columns);
  return numbers;
}

async function convolve(given: Case, w: Float32Array<ArrayBuffer>, weights: Format, target: Target | null) {
  const { shape, channels, second = 0, kernel } = given;
  const [B, H, W, C] = shape;
  const { device, pipelines } = await testDevice({ baseline: target === null });
  const recording = new Recording("test", { weights, activations: "f32" });
  const x = recording.state("x", shape);
  const other = second > 0 ? recording.state<BHWC>("second", [B, H, W, second]) : undefined;
  const vectors = recording.state("vectors", [channels]);
  const sources = [C, ...(second > 0 ? [second] : [])];
  const matrix = packedShape("conv", kernel * kernel, sources, [channels]);
  const tensor = recording.weight("w", matrix, { kind: "conv", parts: ["w"], sources });
  const options = { channels, vectors, scale: 0.5 };
  const y: Tensor =
    kernel === 1
      ? recording.add("linear", linear(x, tensor, options)).y
      : recording.add("conv", conv2d(x, tensor, { ...options, second: other })).y;
  if (target) chooseAlgorithms(recording, target);
  applyFormats(recording, withHalves);
  const uploaded = new Weights(device);
  await uploaded.upload(tensor, w);
  const program = await Program.create(device, pipelines, uploaded, recording);
  try {
    program.write(x, padRows(normal(sizeOf(shape), 1), shape));
    if (other) program.write(other, padRows(normal(sizeOf(other.shape), 2), other.shape));
    program.write(vectors, padRows(normal(channels, 4), [channels]));
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass, "step");
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    const kernels = recording.dispatches.map(({ shader }) => shader.name);
    return { y: unpadRows(await program.read(y), y.shape), kernels, bytes: uploaded.slice(tensor).size };
  } finally {
    program.destroy();
    uploaded.destroy();
  }
}

const ALGORITHMS: { readonly name: string; readonly target: () => Promise<Target | null> }[] = [
  { name: "conv2d", target: async () => null },
  { name: "conv2d_register", target: async () => ({ kind: "cpu", subgroupSize: null }) },
  { name: "the adapter's choice", target: async () => (await testDevice({ baseline: false })).device.adapter },
];

describe.each(ALGORITHMS)("$name", ({ target }) => {
  test.each(CASES)("f16, $why", async (given) => {
    const [rows, columns] = sizesOf(given);
    const halves = Float32Array.from(encodeHalf(weightsOf(rows, columns)), halfToFloat);
    const expected = await convolve(given, halves, "f32", await target());
    const { y, kernels, bytes } = await convolve(given, halves, "f16", await target());
    expect(y).toEqual(expected.y);
    expect(kernels.at(-1)).toMatch(/:f16$/);
    expect(bytes).toBe(Math.max(16, 2 * rows * columns));
  });

  test.each(CASES)("int8, $why", async (given) => {
    const [rows, columns] = sizesOf(given);
    const w = weightsOf(rows, columns);
    const { q, scales } = encodeInt8(w, columns, 1);
    const expected = await convolve(given, decodeInt8(q, scales, 1), "f32", await target());
    const { y, kernels, bytes } = await convolve(given, w, "int8", await target());
    // Each channel by its own size: beside a bias near 1 the small ones hardly show, and the large ones hide them all.
    const sizeAt = (i: number) => 1 + 10 * sizeOfColumn(i % given.channels);
    const relative = (numbers: Float32Array) => numbers.map((value, i) => value / sizeAt(i));
    expect(relative(y)).toBeAllClose(relative(expected.y), { rtol: 1e-5, atol: 1e-5 });
    expect(kernels.at(-1)).toMatch(/:i8$/);
    expect(bytes).toBe(rows * columns + 4 * columns);
  });
});

/** Rows and columns of the packed matrix. */
function sizesOf({ shape, second = 0, channels, kernel }: Case): [number, number] {
  return [kernel * kernel * (pad4(shape[3]) + pad4(second)), pad4(channels)];
}

test("f16 refuses what it cannot hold", async () => {
  const large = weightsOf(4, 4).fill(65520);
  await expect(convolve(CASES[3]!, large, "f16", null)).rejects.toThrow(
    'w: f16 holds numbers up to 65504, got 65520. Load with weights "f32"',
  );
});
