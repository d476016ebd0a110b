/**
 * Host twins of shaders/channel_statistics.wgsl, group_norm_fold.wgsl, group_norm_fold_modulated.wgsl and
 * group_norm_apply.wgsl: a group norm in three dispatches, where the convolution that follows does not take it over.
 *
 *   statistics of each source -> one scale and shift per image and channel -> y = f(x * scale + shift)
 */
import statisticsKernel from "../../shaders/channel_statistics.wgsl";
import applyKernel from "../../shaders/group_norm_apply.wgsl";
import foldKernel from "../../shaders/group_norm_fold.wgsl";
import modulatedKernel from "../../shaders/group_norm_fold_modulated.wgsl?late";
import type { Dispatch, WriteTarget } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, pad4, type Shape, sizeOf } from "../tensor/shape";
import { ACTIVATIONS, type Activation } from "./activation";
import { linearWorkgroups } from "./geometry";
import { checkTimeShare, type TimeShare } from "./time_share";

const WORKGROUP_SIZE = 64;
/** Small, so that the few invocations of a fold spread over all cores. */
const FOLD_WORKGROUP_SIZE = 8;
/** `const CHUNK` of group_norm_apply. */
const CHUNK = 4;
const MAX_TILES = 8;

/** Means and M2 per image, tile of pixels and channel. */
export type Statistics = readonly [B: number, tiles: number, rows: 2, C: number];
/** Scales and shifts per image; each source's channels padded to a multiple of four. */
export type Affine = readonly [B: number, rows: 2, columns: number];

/** Batch, pixels and channels of (B, H, W, C) or (B, L, C). */
function axesOf(where: string, shape: Shape): [B: number, P: number, C: number] {
  check(shape.length >= 3, () => `${where}: x must be (B, H, W, C) or (B, L, C), got ${formatShape(shape)}`);
  const B = shape[0]!;
  const C = shape[shape.length - 1]!;
  return [B, sizeOf(shape) / (B * C), C];
}

/** Few tiles, since one invocation folds all tiles of a group; of small pictures about the square root. */
function pixelsPerTile(P: number): number {
  return Math.max(Math.ceil(Math.sqrt(P)), Math.ceil(P / MAX_TILES));
}

/** Mean and M2 of each channel of `x`, (B, H, W, C) or (B, L, C), over tiles of its pixels. */
export function channelStatistics(x: Tensor) {
  const [B, P, C] = axesOf("channelStatistics", x.shape);
  const per_tile = pixelsPerTile(P);
  const tiles = Math.ceil(P / per_tile);
  const columns = pad4(C) / 4;
  const count = B * tiles * columns;
  const shape: Statistics = [B, tiles, 2, C];
  return {
    shader: statisticsKernel,
    constants: { WORKGROUP_SIZE },
    params: { count, columns, pixels: P, tiles, per_tile },
    reads: { x },
    writes: { statistics: { shape } },
    workgroups: linearWorkgroups("channelStatistics", count, WORKGROUP_SIZE),
    flops: 5 * B * P * C,
  } satisfies Dispatch;
}

export interface GroupNormFold {
  /** What `channelStatistics` says of x, or of both sources of a concatenation along the channels. */
  readonly statistics: Tensor<Statistics>;
  readonly second?: Tensor<Statistics> | undefined;
  /** Scales, then shifts; in each the two sources one after the other, padded to multiples of four. More may follow. */
  readonly vectors: Tensor;
  readonly groups: number;
  readonly eps: number;
  /** H * W of x. */
  readonly pixels: number;
  /** The time embedding's further scales and shifts (resnet_time_scale_shift = "scale_shift"). */
  readonly time?: TimeShare | undefined;
}

/**
 * One scale and one shift per image and channel. A group's channels may lie in both sources.
 * The second source's columns begin at the first one's padded channels, `pad4(C1)`.
 */
export function groupNormFold({ statistics, second, vectors, groups, eps, pixels, time }: GroupNormFold) {
  const [B, tiles, , C1] = statistics.shape;
  const C2 = second?.shape[3] ?? 0;
  const C = C1 + C2;
  const per_tile = pixelsPerTile(pixels);
  checkFold({ statistics, second, vectors, groups, pixels }, C);
  const params = {
    groups,
    channels: C,
    channels_per_group: C / groups,
    first_channels: C1,
    first_stride: pad4(C1),
    second_stride: pad4(C2),
    pixels,
    tiles,
    per_tile,
    count: B * groups,
    eps,
    conditions: time?.conditions ?? 1,
    column: time?.column ?? 0,
    table_stride: time ? pad4(time.table.shape[1]) : 0,
  };
  if (time) checkTimeShare("groupNormFold", time, 2 * C, B);
  const reads = { first: statistics, second: second ?? statistics, vectors };
  const shape: Affine = [B, 2, pad4(C1) + pad4(C2)];
  return {
    shader: time ? modulatedKernel : foldKernel,
    constants: { WORKGROUP_SIZE: FOLD_WORKGROUP_SIZE },
    params,
    reads: time ? { ...reads, table: time.table, position: time.position } : reads,
    writes: { affine: { shape } },
    workgroups: [Math.ceil((B * groups) / FOLD_WORKGROUP_SIZE), 1, 1],
    flops: 6 * B * C * tiles,
  } satisfies Dispatch;
}

function checkFold(
  { statistics, second, vectors, groups, pixels }: Omit<GroupNormFold, "eps" | "time">,
  C: number,
): void {
  const [B, tiles, , C1] = statistics.shape;
  check(C % groups === 0, () => `groupNormFold: channels must divide into groups, got C = ${C} and groups = ${groups}`);
  const expected = Math.ceil(pixels / pixelsPerTile(pixels));
  check(tiles === expected, () => `groupNormFold: ${pixels} pixels make ${expected} tiles, got ${tiles}`);
  check(
    !second || (second.shape[0] === B && second.shape[1] === tiles),
    () => `groupNormFold: second must be (${B}, ${tiles}, 2, C2), got ${formatShape(second?.shape ?? [])}`,
  );
  const columns = 2 * (pad4(C1) + pad4(C - C1));
  check(
    sizeOf(vectors.shape) >= columns,
    () => `groupNormFold: vectors must have ${columns} numbers or more, got ${formatShape(vectors.shape)}`,
  );
}

/**
 * `y = f(x * scale + shift)` for `x`, (B, H, W, C) or (B, L, C). Of a concatenation each source is applied on its own:
 * `column` says where its channels begin in `affine` (0 for the first, `pad4(C1)` for the second).
 */
export function groupNormApply<S extends Shape>(x: Tensor<S>, affine: Tensor<Affine>, f: Activation, column = 0) {
  return { ...applied(x, affine, f, column, false), writes: { y: { shape: x.shape } } } satisfies Dispatch;
}

/** The same into the source's share of `y`, (B, P, columns of affine): both sources side by side. */
export function groupNormJoin(x: Tensor, affine: Tensor<Affine>, f: Activation, column: number, y: WriteTarget) {
  return { ...applied(x, affine, f, column, true), writes: { y } } satisfies Dispatch;
}

function applied(x: Tensor, affine: Tensor<Affine>, f: Activation, column: number, joins: boolean) {
  const [B, P, C] = axesOf("groupNormApply", x.shape);
  const columns = pad4(C) / 4;
  check(
    affine.shape[0] === B && column % 4 === 0 && column + pad4(C) <= affine.shape[2],
    () =>
      `groupNormApply: affine must hold ${B} images of columns ${column} to ${column + pad4(C)}, got ${formatShape(affine.shape)}`,
  );
  const count = columns * Math.ceil(P / CHUNK);
  const [groupsX, groupsY] = linearWorkgroups("groupNormApply", count, WORKGROUP_SIZE);
  return {
    shader: applyKernel,
    constants: { WORKGROUP_SIZE, ACTIVATION: ACTIVATIONS[f] },
    params: { columns, pixels: P, count, column: column / 4, stride: affine.shape[2] / 4, joins: Number(joins) },
    reads: { x, affine },
    workgroups: [groupsX, groupsY, B] as const,
    flops: (f === "identity" ? 2 : 6) * B * P * C,
  };
}
