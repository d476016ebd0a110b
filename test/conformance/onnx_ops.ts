/** Which of ONNX's operators the engine has, and how a case of each is put to its kernels. */
import { type Activation, activation } from "../../src/kernels/activation";
import { attention } from "../../src/kernels/attention";
import { avgPool } from "../../src/kernels/avg_pool";
import { conv2d, linear } from "../../src/kernels/conv2d";
import { gatherRows } from "../../src/kernels/gather_rows";
import { channelStatistics, groupNormApply, groupNormFold } from "../../src/kernels/group_norm";
import { layerNorm } from "../../src/kernels/layer_norm";
import { fromNchw, toNchw } from "../../src/kernels/layout";
import { pack, packedShape } from "../../src/kernels/packing";
import { type Coordinates, type Rounding, resize } from "../../src/kernels/resize";
import type { Dispatch } from "../../src/recording/dispatch";
import type { Tensor } from "../../src/recording/recording";
import { type BHWC, nchwToNhwc, nhwcToNchw, padRows, type Shape, sizeOf } from "../../src/tensor/shape";
import { type Input, run, runOne } from "../support/gpu";
import type { OnnxCase, OnnxTensor } from "./onnx_cases";

/** A case, its f32 inputs by position, and its attributes by type. */
export interface Question {
  readonly case: OnnxCase;
  readonly shapes: readonly Shape[];
  input(index: number): Float32Array<ArrayBuffer>;
  has(index: number): boolean;
  number(name: string, fallback: number): number;
  numbers(name: string, fallback: readonly number[]): readonly number[];
  text(name: string, fallback: string): string;
}

/** The output in ONNX's order, or a sentence: why the case asks for something that the engine does not have. */
export type Answer = Promise<Float32Array> | string;

export function question(onnx: OnnxCase, read: (tensor: OnnxTensor) => Float32Array<ArrayBuffer>): Question {
  return {
    case: onnx,
    shapes: onnx.inputs.map((input) => input?.shape ?? []),
    input: (index) => read(onnx.inputs[index]!),
    has: (index) => Boolean(onnx.inputs[index]),
    number: (name, fallback) => (onnx.attrs[name] as number | undefined) ?? fallback,
    numbers: (name, fallback) => (onnx.attrs[name] as readonly number[] | undefined) ?? fallback,
    text: (name, fallback) => (onnx.attrs[name] as string | undefined) ?? fallback,
  };
}

export const OPERATORS: Readonly<Record<string, (q: Question) => Answer>> = {
  Attention: attend,
  AveragePool: averagePool,
  Conv: convolve,
  Gather: gather,
  Gelu: (q) => (q.text("approximate", "none") === "none" ? activate(q, "gelu") : "the approximation by tanh"),
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GroupNormalization: (q) => normalise(q, q.number("num_groups", 1)),
  InstanceNormalization: (q) => normalise(q, q.shapes[0]![1]!),
  LayerNormalization: layerNormalise,
  MatMul: matmul,
  Mish: (q) => activate(q, "mish"),
  Relu: (q) => activate(q, "relu"),
  Resize: (q) => resample(q),
  Swish: (q) => (q.number("alpha", 1) === 1 ? activate(q, "silu") : "a slope other than 1"),
  Transpose: transpose,
  Upsample: (q) => resample(q),
};

/** (B, C, H, W) or (B, C, W) as the engine's (B, H, W, C). */
function imageOf({ shapes, input }: Question): { shape: BHWC; data: Float32Array<ArrayBuffer> } {
  const [B, C, ...space] = shapes[0]! as [number, number, ...number[]];
  const [H, W] = space.length === 1 ? [1, space[0]!] : [space[0]!, space[1]!];
  const shape: BHWC = [B, H, W, C];
  return { shape, data: nchwToNhwc(input(0), shape) };
}

/** An attribute with one number per axis of space, as (height, width). */
function pair(values: readonly number[], fallback: number): [number, number] {
  return values.length === 2 ? [values[0]!, values[1]!] : [fallback, values[0]!];
}

/** ONNX's padding, all beginnings, then all ends, or worked out from auto_pad. */
function paddingOf(q: Question, kernel: readonly number[], strides: readonly number[], dilations: readonly number[]) {
  const space = q.shapes[0]!.slice(2);
  let begins: readonly number[] = space.map(() => 0);
  let ends = begins;
  const pads = q.numbers("pads", []);
  if (pads.length > 0) [begins, ends] = [pads.slice(0, space.length), pads.slice(space.length)];
  const auto = q.text("auto_pad", "NOTSET");
  if (auto.startsWith("SAME")) {
    const total = space.map((size, axis) => {
      const extent = dilations[axis]! * (kernel[axis]! - 1) + 1;
      return Math.max(0, (Math.ceil(size / strides[axis]!) - 1) * strides[axis]! + extent - size);
    });
    const [small, large] = [total.map((n) => Math.floor(n / 2)), total.map((n) => Math.ceil(n / 2))];
    [begins, ends] = auto === "SAME_UPPER" ? [small, large] : [large, small];
  }
  const [top, left] = pair(begins, 0);
  const [bottom, right] = pair(ends, 0);
  return [top, left, bottom, right] as const;
}

function convolve(q: Question): Answer {
  const wShape = q.shapes[1]!;
  const space = wShape.length - 2;
  const ones = new Array(space).fill(1);
  const strides = q.numbers("strides", ones);
  const dilations = q.numbers("dilations", ones);
  if (space > 2) return "three axes of space";
  if (q.number("group", 1) !== 1) return "grouped channels";
  const { shape, data } = imageOf(q);
  const [N, C] = wShape as [number, number];
  const kernel = pair(wShape.slice(2), 1);
  const part = { shape: [N, C, ...kernel], data: q.input(1) };
  const packed = pack({ kind: "conv", parts: ["W"], sources: [C] }, [part]);
  const inputs = {
    x: { shape, data },
    w: { shape: packedShape("conv", kernel[0] * kernel[1], [C], [N]), data: packed },
    bias: { shape: [N], data: q.has(2) ? q.input(2) : new Float32Array(N) },
  };
  const options = {
    channels: N,
    kernel,
    stride: strides[0]!,
    dilation: dilations[0]!,
    padding: paddingOf(q, wShape.slice(2), strides, dilations),
  };
  return picture(inputs, (t) => conv2d(t.x, t.w, { ...options, vectors: t.bias }));
}

/** Runs a kernel from picture to picture; the result in ONNX's order. */
async function picture<Inputs extends Record<string, Input>>(
  inputs: Inputs,
  twin: (t: { [K in keyof Inputs]: Tensor<Inputs[K]["shape"]> }) => Dispatch<{ y: { shape: BHWC } }>,
): Promise<Float32Array> {
  let shape: BHWC | undefined;
  const y = await runOne(inputs, (t) => {
    const dispatch = twin(t);
    shape = dispatch.writes.y.shape;
    return dispatch;
  });
  return nhwcToNchw(y, shape!);
}

function averagePool(q: Question): Answer {
  const taps = q.numbers("kernel_shape", []);
  if (taps.length > 2) return "three axes of space";
  const ones = taps.map(() => 1);
  const strides = q.numbers("strides", ones);
  const dilations = q.numbers("dilations", ones);
  const { shape, data } = imageOf(q);
  const options = {
    stride: pair(strides, 1),
    dilation: pair(dilations, 1),
    padding: paddingOf(q, taps, strides, dilations),
    countPadding: q.number("count_include_pad", 0) === 1,
    ceil: q.number("ceil_mode", 0) === 1,
  };
  return picture({ x: { shape, data } }, (t) => avgPool(t.x, pair(taps, 1), options));
}

function globalAveragePool(q: Question): Answer {
  const { shape, data } = imageOf(q);
  return picture({ x: { shape, data } }, (t) => avgPool(t.x, [shape[1], shape[2]]));
}

function normalise(q: Question, groups: number): Answer {
  const { shape, data } = imageOf(q);
  const C = shape[3];
  const eps = q.number("epsilon", 1e-5);
  const vectors = [q.input(1), q.input(2)].flatMap((vector) => [...padRows(vector, [C])]);
  const inputs = { x: { shape, data }, vectors: { shape: [vectors.length], data: Float32Array.from(vectors) } };
  return run(inputs, ({ x, vectors }, recording) => {
    const { statistics } = recording.add("statistics", channelStatistics(x));
    const pixels = shape[1] * shape[2];
    const { affine } = recording.add("fold", groupNormFold({ statistics, vectors, groups, eps, pixels }));
    return recording.add("apply", groupNormApply(x, affine, "identity"));
  }).then(({ y }) => nhwcToNchw(y, shape));
}

/** The output Y; the mean and the deviation, which training asks for, are no outputs of the kernel. */
function layerNormalise(q: Question): Answer {
  const shape = q.shapes[0]!;
  const axis = q.number("axis", -1);
  const D = sizeOf(shape.slice(axis));
  const inputs = {
    x: { shape: [sizeOf(shape) / D, D], data: q.input(0) },
    gamma: { shape: [D], data: q.input(1) },
    beta: { shape: [D], data: q.input(2) },
  };
  return runOne(inputs, (t) => layerNorm(t.x, t.gamma, t.beta, q.number("epsilon", 1e-5)));
}

function attend(q: Question): Answer {
  const { outputs, inputs: given } = q.case;
  if (given.length > 3) return "a mask, or keys of an earlier call";
  if (outputs.length > 1) return "the scores as an output";
  if (given.some((input) => input?.dtype !== "f32")) return "a type other than f32";
  if (q.number("is_causal", 0) !== 0 || q.number("softcap", 0) !== 0) return "a causal mask or capped scores";
  const [qShape, kShape, vShape] = q.shapes as [Shape, Shape, Shape];
  const is4d = qShape.length === 4;
  const heads = is4d ? qShape[1]! : q.number("q_num_heads", 1);
  if (heads !== (is4d ? kShape[1]! : q.number("kv_num_heads", 1))) return "queries that share keys";
  if (kShape.at(-1) !== vShape.at(-1)) return "values of another width than the keys";
  const headDim = is4d ? qShape[3]! : qShape[2]! / heads;
  const scale = q.number("scale", 0);
  const tokens = (index: number) => {
    const shape = q.shapes[index]!;
    if (!is4d) return { shape, data: q.input(index) };
    // (B, heads, L, D): heads side by side in a row, as (B, C, H, W) becomes (B, H, W, C) with rows for numbers.
    const [B, , L] = shape as [number, number, number];
    return { shape: [B, L, heads * headDim], data: swapped(q.input(index), [B, heads, L, headDim]) };
  };
  const inputs = { q: tokens(0), k: tokens(1), v: tokens(2) };
  const options = { heads, headDim, ...(scale && { scale }) };
  return runOne(inputs, (t) => attention({ q: { tensor: t.q }, k: { tensor: t.k }, v: { tensor: t.v } }, options)).then(
    (y) => (is4d ? swapped(y, [qShape[0]!, qShape[2]!, heads, headDim]) : y),
  );
}

/** (A, B, C, D) to (A, C, B, D). */
function swapped(x: Float32Array, [A, B, C, D]: readonly [number, number, number, number]) {
  const y = new Float32Array(x.length);
  for (let a = 0; a < A; a++)
    for (let b = 0; b < B; b++)
      for (let c = 0; c < C; c++) {
        const row = ((a * B + b) * C + c) * D;
        y.set(x.subarray(row, row + D), ((a * C + c) * B + b) * D);
      }
  return y;
}

function transposed(x: Float32Array, rows: number): Float32Array<ArrayBuffer> {
  const columns = x.length / rows;
  return Float32Array.from(x, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** x (M, K) times w (K, N) by the linear kernel, which packs w as PyTorch's (N, K). */
function product(
  x: Float32Array,
  w: Float32Array,
  M: number,
  K: number,
  bias: Float32Array,
  options: { scale?: number },
) {
  const N = w.length / K;
  const isRow = bias.length === N;
  const part = { shape: [N, K], data: transposed(w, K) };
  const inputs = {
    x: { shape: [M, K], data: x },
    w: {
      shape: packedShape("linear", 1, [K], [N]),
      data: pack({ kind: "linear", parts: ["b"], sources: [K] }, [part]),
    },
    bias: { shape: [N], data: isRow ? bias : new Float32Array(N) },
    residual: { shape: [M, N], data: isRow ? new Float32Array(M * N) : bias },
  };
  return runOne(inputs, (t) => linear(t.x, t.w, { channels: N, vectors: t.bias, residual: t.residual, ...options }));
}

function gemm(q: Question): Answer {
  const [a, b] = q.shapes as [Shape, Shape];
  const isFlipped = { a: q.number("transA", 0) === 1, b: q.number("transB", 0) === 1 };
  const x = isFlipped.a ? transposed(q.input(0), a[0]!) : q.input(0);
  const w = isFlipped.b ? transposed(q.input(1), b[0]!) : q.input(1);
  const [M, K] = isFlipped.a ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const N = w.length / K;
  const scale = q.number("alpha", 1);
  // The kernel scales the whole: alpha (x w + c beta / alpha).
  const c = q.has(2) ? q.input(2).map((value) => (value * q.number("beta", 1)) / scale) : new Float32Array(N);
  return product(x, w, M, K, c.length === 1 ? new Float32Array(N).fill(c[0]!) : c, { scale });
}

function matmul(q: Question): Answer {
  const [a, b] = q.shapes as [Shape, Shape];
  if (b.length > 2) return "a batch of matrices on the right";
  const K = a.at(-1)!;
  const N = b.length === 1 ? 1 : b[1]!;
  return product(q.input(0), q.input(1), sizeOf(a) / K, K, new Float32Array(N), {});
}

function activate(q: Question, f: Activation): Answer {
  return runOne({ x: { shape: q.shapes[0]!, data: q.input(0) } }, (t) => activation(t.x, f));
}

function gather(q: Question): Answer {
  const shape = q.shapes[0]!;
  const indices = q.case.inputs[1]!.values!;
  if (q.number("axis", 0) !== 0) return "an axis other than the first";
  if (indices.some((index) => index < 0)) return "indices from the end";
  const inputs = {
    table: { shape: [shape[0]!, sizeOf(shape.slice(1))], data: q.input(0) },
    indices: { shape: [indices.length] as const, data: new Uint32Array(indices) },
  };
  return runOne(inputs, (t) => gatherRows(t.table, t.indices));
}

/** The two transpositions that turn a picture's channels from the second place to the last, and back. */
function transpose(q: Question): Answer {
  const shape = q.shapes[0]!;
  const order = q
    .numbers(
      "perm",
      shape.map((_, axis) => shape.length - 1 - axis),
    )
    .join();
  const data = q.input(0);
  const [a, b, c] = shape as [number, number, number];
  const flat = { x: { shape: [data.length] as const, data } };
  if (order === "0,2,1") return runOne(flat, (t) => fromNchw(t.x, [a, 1, c, b]));
  if (order === "1,2,0") return runOne(flat, (t) => fromNchw(t.x, [1, b, c, a]));
  if (order !== "2,0,1") return "an order other than a picture's";
  return runOne({ x: { shape: [1, a, b, c] as const, data } }, (t) => toNchw(t.x));
}

const COORDINATES = ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"];

function resample(q: Question): Answer {
  const mode = q.text("mode", "nearest") as "nearest" | "linear" | "cubic";
  const isUpsample = q.case.op === "Upsample";
  const coordinates = q.text("coordinate_transformation_mode", isUpsample ? "asymmetric" : "half_pixel");
  if (mode === "cubic") return "cubic interpolation";
  if (q.number("antialias", 0) !== 0) return "antialiasing";
  if (!COORDINATES.includes(coordinates)) return `coordinates ${coordinates}`;
  const { shape, data } = imageOf(q);
  const out = q.case.outputs[0]!.shape.slice(2) as [number, number];
  const scales = isUpsample ? 1 : 2;
  if (q.has(scales)) {
    const isExact = [...q.input(scales)].slice(-2).every((scale, axis) => {
      const at = q.numbers("axes", [0, 1]).at(axis)! % 2;
      return Math.abs(scale * shape[1 + at]! - out[at]!) < 1e-5;
    });
    if (!isExact) return "a scale that is not the ratio of the sizes";
  }
  const rounding = q.text("nearest_mode", isUpsample ? "floor" : "round_prefer_floor") as Rounding;
  const options = { coordinates: coordinates as Coordinates, rounding };
  return picture({ x: { shape, data } }, (t) => resize(t.x, out, mode, options));
}
