/**
 * A convolution in stages, for adapters that run on a CPU: there an activation written and read again costs less than
 * one computed anew for every tap, and a launch next to nothing.
 *
 *   norm of x ++ second, stored as one tensor -- shortcut by itself -- convolution, with the shortcut as its residual
 */
import type { RecordedDispatch, Recording, Tensor } from "../recording/recording";
import type { Shape } from "../tensor/shape";
import type { Convolution, Window } from "./conv2d";
import { directConv2d } from "./conv2d_direct";
import { type Affine, channelStatistics, groupNormFold, groupNormJoin, type Statistics } from "./group_norm";

/** Statistics of tensors that have been taken already: a skip is normalised twice. */
export type KnownStatistics = Map<Tensor, Tensor<Statistics>>;

/** Records the stages of `dispatch`, the last of which writes what it writes. */
export function recordStagedConv2d(
  recording: Recording,
  dispatch: RecordedDispatch,
  conv: Convolution,
  subgroupSize: number | null,
  known: KnownStatistics,
): void {
  const { label } = dispatch;
  const y = dispatch.writes.y!;
  const { w, vectors, window, images, channels, sources, scale } = conv;
  const input = conv.norm ? recordNorm(recording, label, conv, known) : conv;
  const residual = conv.shortcut ? recordShortcut(recording, label, conv, y.shape, subgroupSize) : conv.residual;
  const direct = directConv2d(
    {
      x: input.x,
      second: input.second,
      w,
      row: 0,
      vectors,
      bias: conv.norm ? 2 * (sources[0] + sources[1]) : 0,
      time: conv.time?.modulates ? undefined : conv.time,
      residual,
      scale,
      window,
      images,
      channels,
      flops: conv.flops - shortcutFlops(conv),
    },
    subgroupSize,
  );
  recording.add(label, { ...direct, writes: { y } });
}

/** The 1x1 convolution of the shortcut's sources; its weights follow the taps', its bias is in the convolution's. */
function recordShortcut(
  recording: Recording,
  label: string,
  conv: Convolution,
  shape: Shape,
  subgroupSize: number | null,
): Tensor {
  const { w, vectors, window, images, channels, sources } = conv;
  const { x, second } = conv.shortcut!;
  const row = window.kernel_height * window.kernel_width * (sources[0] + sources[1]);
  const pointwise = { x, second, w, row, vectors, images, channels, scale: 1, window: pointwiseWindow(window) };
  const direct = directConv2d({ ...pointwise, flops: shortcutFlops(conv) }, subgroupSize);
  return recording.add(`${label}.shortcut`, { ...direct, writes: { y: { shape } } }).y;
}

function shortcutFlops({ shortcut, images, window, channels }: Convolution): number {
  const inputs = (shortcut?.x.shape[3] ?? 0) + (shortcut?.second?.shape[3] ?? 0);
  return 2 * images * window.out_height * window.out_width * channels * inputs;
}

/** One tap of the window's own output pixels. */
function pointwiseWindow({ out_height, out_width }: Window): Window {
  return {
    in_height: out_height,
    in_width: out_width,
    out_height,
    out_width,
    kernel_height: 1,
    kernel_width: 1,
    stride: 1,
    dilation: 1,
    pad_top: 0,
    pad_left: 0,
    upsample: 0,
  };
}

/** The normalised input, both sources side by side in one tensor: (B, P, C1 + C2), each padded. */
function recordNorm(recording: Recording, label: string, conv: Convolution, known: KnownStatistics) {
  const { x, second, vectors, norm, time, window, images, sources } = conv;
  const { groups, eps, activation } = norm!;
  const statistics = recordStatistics(recording, x, known);
  const other = second && recordStatistics(recording, second, known);
  const pixels = window.in_height * window.in_width;
  const modulation = time?.modulates ? time : undefined;
  const fold = { statistics, second: other, vectors, groups, eps, pixels, time: modulation };
  const affine: Tensor<Affine> = recording.add(`${label}.norm_fold`, groupNormFold(fold)).affine;
  const shape = [images, pixels, sources[0] + sources[1]] as const;
  const { y } = recording.add(`${label}.norm`, groupNormJoin(x, affine, activation, 0, { shape }));
  if (second) recording.add(`${label}.norm_second`, groupNormJoin(second, affine, activation, sources[0], y as Tensor));
  return { x: y as Tensor, second: undefined };
}

function recordStatistics(recording: Recording, x: Tensor, known: KnownStatistics): Tensor<Statistics> {
  const statistics = known.get(x) ?? recording.add(`${x.label}.statistics`, channelStatistics(x)).statistics;
  known.set(x, statistics);
  return statistics;
}
