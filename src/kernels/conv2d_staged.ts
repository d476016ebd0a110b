/**
 * A convolution in stages, for adapters that run on a CPU: there an activation written and read again costs less than
 * one computed anew for every tap, and a launch next to nothing.
 *
 *   norm of x ++ second, stored as one tensor -- shortcut by itself -- convolution, with the shortcut as its residual
 */
import type { RecordedDispatch, Recording, Tensor, Weight } from "../recording/recording";
import { pad4, type Shape } from "../tensor/shape";
import { type Convolution, pointwiseWindow } from "./conv2d";
import { directConv2d, sharingLanes } from "./conv2d_direct";
import { recordWinograd, suitsWinograd, type WinogradTile, winogradTiles } from "./conv2d_winograd";
import { type Affine, channelStatistics, groupNormFold, groupNormJoin, type Statistics } from "./group_norm";

/** Statistics of tensors that have been taken already: a skip is normalised twice. */
export type KnownStatistics = Map<Tensor, Tensor<Statistics>>;

export interface StagedOptions {
  /** Lanes of a subgroup where that is one known number, else null. */
  readonly subgroupSize: number | null;
  /** Takes Winograd's algorithm with such tiles, which `suitsStagedWinograd` must have allowed; null for the plain sum. */
  readonly winograd: WinogradTile | null;
  /** Invocations per workgroup of the sum; the kernel's own unless given. */
  readonly workgroup?: number | undefined;
}

/** Records the stages of `dispatch`, the last of which writes what it writes. */
export function recordStagedConv2d(
  recording: Recording,
  dispatch: RecordedDispatch,
  conv: Convolution,
  { subgroupSize, winograd, workgroup }: StagedOptions,
  known: KnownStatistics,
): void {
  const { label } = dispatch;
  const y = dispatch.writes.y!;
  const affine = conv.norm && recordFold(recording, label, conv, known);
  const residual = conv.shortcut ? recordShortcut(recording, label, conv, y.shape, subgroupSize) : conv.residual;
  const shared = {
    row: 0,
    vectors: conv.vectors,
    bias: conv.norm ? 2 * (conv.sources[0] + conv.sources[1]) : 0,
    time: conv.time?.modulates ? undefined : conv.time,
    residual,
    scale: conv.scale,
    window: conv.window,
    images: conv.images,
    channels: conv.channels,
    flops: conv.flops - shortcutFlops(conv),
  };
  const { x, second } = conv;
  if (winograd) {
    const norm = affine && { affine, activation: conv.norm!.activation };
    const w = winogradWeight(recording, conv, winograd);
    recordWinograd(recording, label, { ...shared, x, second, w, norm }, winograd, subgroupSize, y, workgroup);
    return;
  }
  const input = affine ? recordNorm(recording, label, conv, affine) : { x, second };
  const direct = directConv2d({ ...shared, ...input, w: conv.w }, subgroupSize, workgroup);
  recording.add(label, { ...direct, writes: { y } });
}

/** Fewest tiles and channels with which Winograd's transforms cost less than the products they save. */
const WINOGRAD = { tiles: 16, channels: 32 };

/** Whether Winograd's algorithm fits the window and pays; weights that are no checkpoint's cannot be transformed. */
export function suitsStagedWinograd(conv: Convolution, tile: WinogradTile): boolean {
  const { w, window, images, channels, sources } = conv;
  if (w.kind !== "weight" || !suitsWinograd(window)) return false;
  const isWorthIt = Math.min(sources[0] + sources[1], channels) >= WINOGRAD.channels;
  return isWorthIt && images * winogradTiles(window, tile) >= WINOGRAD.tiles;
}

/** The convolution's weights as Winograd's algorithm wants them. */
function winogradWeight(recording: Recording, { w, channels, sources }: Convolution, tile: WinogradTile): Tensor {
  const { rest: _, ...packing } = (w as Weight).packing;
  const shape = [(tile + 2) ** 2, sources[0] + sources[1], pad4(channels)] as const;
  return recording.weight(`${w.label}.winograd${tile}`, shape, { ...packing, winograd: tile });
}

/** The 1x1 convolution of the shortcut's sources; its weights follow the taps', its bias is in the convolution's. */
function recordShortcut(
  recording: Recording,
  label: string,
  conv: Convolution,
  shape: Shape,
  subgroupSize: number | null,
): Tensor {
  const { vectors, window, images, channels } = conv;
  const { x, second } = conv.shortcut!;
  const { w, row } = shortcutWeights(recording, conv);
  const shared = {
    w,
    vectors,
    images,
    channels,
    scale: 1,
    window: pointwiseWindow(window.out_height, window.out_width),
  };
  const write = { writes: { y: { shape } } };
  const flops = shortcutFlops(conv);
  if (!second || !sharingLanes(channels, subgroupSize)) {
    const both = { ...shared, x, second, row, flops };
    return recording.add(`${label}.shortcut`, { ...directConv2d(both, subgroupSize), ...write }).y;
  }
  // Subgroups share the loads of one source at a time: the second one's product is added to the first one's.
  const [, , width, other] = conv.sources;
  const first = { ...shared, x, row, flops: (flops * width) / (width + other) };
  const residual = recording.add(`${label}.shortcut`, { ...directConv2d(first, subgroupSize), ...write }).y;
  const rest = { ...shared, x: second, row: row + width, residual, flops: flops - first.flops };
  return recording.add(`${label}.shortcut_second`, { ...directConv2d(rest, subgroupSize), ...write }).y;
}

/** A checkpoint's rows by themselves, since the taps may be wanted in another form; else the last rows of w. */
function shortcutWeights(recording: Recording, { w, window, sources, channels }: Convolution) {
  const rest = w.kind === "weight" ? (w as Weight).packing.rest : undefined;
  if (!rest) return { w, row: window.kernel_height * window.kernel_width * (sources[0] + sources[1]) };
  const shape = [1, sources[2] + sources[3], pad4(channels)] as const;
  return { w: recording.weight(`${w.label}.shortcut`, shape, rest), row: 0 };
}

function shortcutFlops({ shortcut, images, window, channels }: Convolution): number {
  const inputs = (shortcut?.x.shape[3] ?? 0) + (shortcut?.second?.shape[3] ?? 0);
  return 2 * images * window.out_height * window.out_width * channels * inputs;
}

/** The norm's scale and shift of each image and channel. */
function recordFold(recording: Recording, label: string, conv: Convolution, known: KnownStatistics): Tensor<Affine> {
  const { x, second, vectors, norm, time, window } = conv;
  const statistics = recordStatistics(recording, x, known);
  const other = second && recordStatistics(recording, second, known);
  const pixels = window.in_height * window.in_width;
  const { groups, eps } = norm!;
  const fold = { statistics, second: other, vectors, groups, eps, pixels, time: time?.modulates ? time : undefined };
  return recording.add(`${label}.norm_fold`, groupNormFold(fold)).affine;
}

/** The normalised input, both sources side by side in one tensor: (B, P, C1 + C2), each padded. */
function recordNorm(recording: Recording, label: string, conv: Convolution, affine: Tensor<Affine>) {
  const { x, second, norm, window, images, sources } = conv;
  const shape = [images, window.in_height * window.in_width, sources[0] + sources[1]] as const;
  const { activation } = norm!;
  const { y } = recording.add(`${label}.norm`, groupNormJoin(x, affine, activation, 0, { shape }));
  if (second) recording.add(`${label}.norm_second`, groupNormJoin(second, affine, activation, sources[0], y as Tensor));
  return { x: y as Tensor, second: undefined };
}

function recordStatistics(recording: Recording, x: Tensor, known: KnownStatistics): Tensor<Statistics> {
  const statistics = known.get(x) ?? recording.add(`${x.label}.statistics`, channelStatistics(x)).statistics;
  known.set(x, statistics);
  return statistics;
}
