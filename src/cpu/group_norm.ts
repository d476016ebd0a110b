/**
 * shaders/channel_statistics.wgsl, group_norm_fold.wgsl, group_norm_fold_modulated.wgsl and group_norm_apply.wgsl in
 * TypeScript: a group norm in three.
 */
import { activationOf } from "./activation";
import type { Launch } from "./launch";

type StatisticsParam = "count" | "columns" | "pixels" | "tiles" | "per_tile";

/** mean[b,t,c] and M2[b,t,c] = sum_p (x[b,p,c] - mean[b,t,c])^2 over the pixels p of tile t */
export function channelStatistics({
  f32: { x, statistics },
  params: { count, columns, pixels: P, tiles, per_tile },
}: Launch<"x" | "statistics", StatisticsParam>): void {
  const C = 4 * columns;
  for (let tile = 0; tile < count / columns; tile++) {
    const image = Math.floor(tile / tiles);
    const first = (tile % tiles) * per_tile;
    const part = { first: image * P + first, pixels: Math.min(per_tile, P - first) };
    writeStatistics(x, C, part, statistics.subarray(tile * 2 * C, (tile + 1) * 2 * C));
  }
}

/** The means, then the M2 of C channels over some pixels of x. */
export function writeStatistics(
  x: Float32Array,
  C: number,
  { first, pixels }: { readonly first: number; readonly pixels: number },
  statistics: Float32Array,
): void {
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let p = first; p < first + pixels; p++) sum += x[p * C + c]!;
    const mean = sum / pixels;
    let squares = 0;
    for (let p = first; p < first + pixels; p++) squares += (x[p * C + c]! - mean) ** 2;
    statistics[c] = mean;
    statistics[C + c] = squares;
  }
}

type FoldBinding = "first" | "second" | "vectors" | "affine";
type FoldParam =
  | "groups"
  | "channels"
  | "channels_per_group"
  | "first_channels"
  | "first_stride"
  | "second_stride"
  | "pixels"
  | "tiles"
  | "per_tile"
  | "count"
  | "eps";

/** scale[b,c] = gamma[c] / sqrt(var[b,g] + eps)      shift[b,c] = beta[c] - mean[b,g] scale[b,c] */
export function groupNormFold({
  f32: { first, second, vectors, affine },
  params,
}: Launch<FoldBinding, FoldParam>): void {
  const { first_channels, first_stride, second_stride, pixels, tiles, per_tile } = params;
  const columns = first_stride + second_stride;
  const images = params.count / params.groups;
  const parts = Array.from({ length: tiles }, (_, t) => Math.min(per_tile, pixels - t * per_tile));
  const columnOf = (c: number) => (c < first_channels ? c : c - first_channels + first_stride);
  affine.fill(0, 0, images * 2 * columns); // the padding, too
  for (let image = 0; image < images; image++) {
    const channel = (c: number): Parts => {
      const isFirst = c < first_channels;
      const stride = isFirst ? first_stride : second_stride;
      const at = image * tiles * 2 * stride + (isFirst ? c : c - first_channels);
      return { data: isFirst ? first : second, at, stride };
    };
    for (let group = 0; group < params.groups; group++) {
      const channels = Array.from(
        { length: params.channels_per_group },
        (_, i) => group * params.channels_per_group + i,
      );
      const { mean, variance } = merged(channels.map(channel), parts);
      const rstd = 1 / Math.sqrt(variance + params.eps);
      for (const c of channels) {
        const column = columnOf(c);
        const scale = vectors[column]! * rstd;
        affine[2 * image * columns + column] = scale;
        affine[(2 * image + 1) * columns + column] = vectors[columns + column]! - mean * scale;
      }
    }
  }
}

/** One channel's means and M2, tile by tile: rows of `stride` numbers, the mean's first. */
interface Parts {
  readonly data: Float32Array;
  readonly at: number;
  readonly stride: number;
}

/** Mean and variance over all parts at once (Chan, Golub & LeVeque 1979, eq. 2.1); tile t has `sizes[t]` pixels. */
export function merged(channels: readonly Parts[], sizes: readonly number[]): { mean: number; variance: number } {
  const size = channels.length * sizes.reduce((sum, pixels) => sum + pixels, 0);
  let sum = 0;
  for (const { data, at, stride } of channels) {
    sizes.forEach((pixels, t) => {
      sum += data[at + 2 * t * stride]! * pixels;
    });
  }
  const mean = sum / size;
  let squares = 0;
  for (const { data, at, stride } of channels) {
    sizes.forEach((pixels, t) => {
      squares += data[at + (2 * t + 1) * stride]! + pixels * (data[at + 2 * t * stride]! - mean) ** 2;
    });
  }
  return { mean, variance: squares / size };
}

type ModulatedParam = FoldParam | "conditions" | "column" | "table_stride";

/** The fold, then the time embedding's own scale and shift: y = (1 + s[c]) (scale x + shift) + t[c] */
export function groupNormFoldModulated(launch: Launch<FoldBinding | "table" | "position", ModulatedParam>): void {
  groupNormFold(launch);
  const { table, affine } = launch.f32;
  const { position } = launch.u32;
  const { channels, first_channels, first_stride, second_stride, conditions, column, table_stride } = launch.params;
  const columns = first_stride + second_stride;
  for (let image = 0; image < launch.params.count / launch.params.groups; image++) {
    const row = (position[0]! * conditions + position[4 + image]!) * table_stride + column;
    for (let c = 0; c < channels; c++) {
      const scale = 2 * image * columns + (c < first_channels ? c : c - first_channels + first_stride);
      const timeScale = 1 + table[row + c]!;
      affine[scale]! *= timeScale;
      affine[scale + columns] = timeScale * affine[scale + columns]! + table[row + channels + c]!;
    }
  }
}

type ApplyParam = "columns" | "pixels" | "column" | "stride" | "joins";

/** y[b,p,c'] = f(x[b,p,c] * scale[b,c] + shift[b,c]); with joins = 1 into the channels that x has in the concatenation */
export function groupNormApply({
  f32: { x, affine, y },
  params: { columns, pixels: P, column, stride, joins },
  constants: { ACTIVATION },
  workgroups: [, , images],
}: Launch<"x" | "affine" | "y", ApplyParam, "ACTIVATION">): void {
  const f = activationOf(ACTIVATION);
  const C = 4 * columns;
  for (let image = 0; image < images; image++) {
    const scales = affine.subarray(4 * (2 * image * stride + column));
    const shifts = scales.subarray(4 * stride);
    const out = joins ? { stride: 4 * stride, column: 4 * column } : { stride: C, column: 0 };
    normalise(x, C, { first: image * P, count: P }, scales, shifts, f, y, out);
  }
}

/** y = f(x * scale + shift) for C channels of some pixels; y's pixels may be wider, with x's channels from a column on. */
export function normalise(
  x: Float32Array,
  C: number,
  { first, count }: { readonly first: number; readonly count: number },
  scales: Float32Array | Float64Array,
  shifts: Float32Array | Float64Array,
  f: (x: number) => number,
  y: Float32Array,
  out: { readonly stride: number; readonly column: number } = { stride: C, column: 0 },
): void {
  for (let p = first; p < first + count; p++) {
    const at = p * out.stride + out.column;
    for (let c = 0; c < C; c++) y[at + c] = f(x[p * C + c]! * scales[c]! + shifts[c]!);
  }
}
