/**
 * shaders/conv2d.wgsl, conv2d_few_inputs.wgsl, conv2d_few_outputs.wgsl and statistics_behind.wgsl in TypeScript: the
 * convolution with what surrounds it in a ResNet block. What the shaders do tile by tile happens here one after the other:
 * normalise the input, convolve, add the shortcut, take the statistics.
 */
import { check, ShaderError } from "../tensor/check";
import { activationOf } from "./activation";
import { Product, type Source, type WindowField } from "./convolution";
import { merged, normalise, writeStatistics } from "./group_norm";
import type { Launch } from "./launch";

type Binding = "x" | "second" | "residual" | "w" | "vectors" | "table" | "position" | "y";
type Param =
  | WindowField
  | "images"
  | "first_channels"
  | "second_channels"
  | "out_channels"
  | "time"
  | "table_columns"
  | "table_column"
  | "conditions"
  | "has_residual"
  | "shortcut_first"
  | "shortcut_second"
  | "scale"
  | "groups"
  | "group_channels"
  | "source_channels"
  | "eps"
  | "activation"
  | "emits_statistics"
  | "parts";
type Conv2d = Launch<Binding, Param>;

/** What `time` says. */
const TIME_IS_BIAS = 1;
const TIME_MODULATES = 2;
/** Pixels of a tile of the statistics. */
const TILE = 32;

/** y[p,n] = (bias[n] + time[n] + sum over taps t, channels k of f(norm(x ++ second))[..., k] * w[t,k,n] + shortcut[p,n]) * scale */
export function conv2d(launch: Conv2d): void {
  const { f32, params } = launch;
  const { images, groups } = params;
  check(params.parts === 1, () => `conv2d: the CPU does not split a sum, got ${params.parts} parts`, ShaderError);
  const N = 4 * params.out_channels;
  const perImage = params.out_height * params.out_width;
  const x = { data: f32.x, channels: 4 * params.first_channels };
  const second = { data: f32.second, channels: 4 * params.second_channels };
  const shortcuts = [
    { data: f32.residual, channels: 4 * params.shortcut_first },
    { data: f32.second, channels: 4 * params.shortcut_second },
  ];
  const product = new Product(params, groups > 0 ? normalised(launch, x, second) : [x, second], shortcuts, N);
  const bias = groups > 0 ? 2 * (x.channels + second.channels) : 0;
  const added = new Float64Array(N);
  for (let image = 0; image < images; image++) {
    const row = params.time === TIME_IS_BIAS ? tableRow(launch, image) : null;
    for (let n = 0; n < N; n++) added[n] = f32.vectors[bias + n]! + (row === null ? 0 : f32.table[row + n]!);
    product.forEachPixel(image * perImage, (image + 1) * perImage, f32.w, 0, (pixel, sums, at) => {
      const out = pixel * N;
      for (let n = 0; n < N; n++) {
        const rest = params.has_residual ? f32.residual[out + n]! : 0;
        f32.y[out + n] = (sums[at + n]! + added[n]! + rest) * params.scale;
      }
    });
  }
  if (params.emits_statistics) emitStatistics(f32.y, images, perImage, N);
}

/** Where this layer's share begins in the time embedding's table, for one image at the current step. */
function tableRow({ u32: { position }, params }: Conv2d, image: number): number {
  return (position[0]! * params.conditions + position[4 + image]!) * params.table_columns + params.table_column;
}

/** mean[b,t,c] and M2[b,t,c] of y, behind y itself */
export function statisticsBehind({ f32: { y }, params }: Launch<"y", "images" | "pixels" | "columns">): void {
  emitStatistics(y, params.images, params.pixels, 4 * params.columns);
}

/** Each channel's mean and M2 by tiles of pixels, behind the numbers of y: (B, tiles, 2, N). */
function emitStatistics(y: Float32Array, images: number, perImage: number, N: number): void {
  let at = images * perImage * N;
  for (let image = 0; image < images; image++) {
    for (let first = 0; first < perImage; first += TILE) {
      const part = { first: image * perImage + first, pixels: Math.min(TILE, perImage - first) };
      writeStatistics(y, N, part, y.subarray(at, at + 2 * N));
      at += 2 * N;
    }
  }
}

/** f(group_norm(x ++ second)), source by source, out of the statistics that both carry behind their numbers. */
function normalised(launch: Conv2d, x: Source, second: Source): [Source, Source] {
  const { params } = launch;
  const { images, groups, group_channels, source_channels } = params;
  const perImage = params.in_height * params.in_width;
  const sizes = Array.from({ length: Math.ceil(perImage / TILE) }, (_, t) => Math.min(TILE, perImage - t * TILE));
  const columns = x.channels + second.channels;
  const sources = [x, second].map(({ channels }) => ({
    channels,
    data: new Float32Array(images * perImage * channels),
  })) as [Source, Source];
  const scales = new Float64Array(columns);
  const shifts = new Float64Array(columns);
  const partsOf = (image: number, c: number) => {
    const { data, channels } = c < source_channels ? x : second;
    const at =
      (images * perImage + image * sizes.length * 2) * channels + (c < source_channels ? c : c - source_channels);
    return { data, at, stride: channels };
  };
  for (let image = 0; image < images; image++) {
    for (let group = 0; group < groups; group++) {
      const members = Array.from({ length: group_channels }, (_, i) => group * group_channels + i);
      const { mean, variance } = merged(
        members.map((c) => partsOf(image, c)),
        sizes,
      );
      for (const c of members) fold(launch, image, c, mean, 1 / Math.sqrt(variance + params.eps), scales, shifts);
    }
    const pixels = { first: image * perImage, count: perImage };
    const f = activationOf(params.activation);
    [x, second].forEach(({ data, channels }, i) => {
      const column = i * x.channels;
      normalise(data, channels, pixels, scales.subarray(column), shifts.subarray(column), f, sources[i]!.data);
    });
  }
  return sources;
}

/** The scale and shift of channel `c` of x ++ second, at its place among the padded channels. */
function fold(
  launch: Conv2d,
  image: number,
  c: number,
  mean: number,
  rstd: number,
  scales: Float64Array,
  shifts: Float64Array,
): void {
  const { f32, params } = launch;
  const column = c < params.source_channels ? c : c - params.source_channels + 4 * params.first_channels;
  const scale = f32.vectors[column]! * rstd;
  const shift = f32.vectors[scales.length + column]! - mean * scale;
  const modulates = params.time === TIME_MODULATES;
  const row = modulates ? tableRow(launch, image) : 0;
  const timeScale = modulates ? 1 + f32.table[row + c]! : 1;
  scales[column] = timeScale * scale;
  shifts[column] = timeScale * shift + (modulates ? f32.table[row + params.groups * params.group_channels + c]! : 0);
}
