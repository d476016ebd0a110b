/** Host twin of shaders/avg_pool.wgsl. */
import kernel from "../../shaders/avg_pool.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, pad4, sizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

export type Pair = readonly [y: number, x: number];

export interface AvgPoolOptions {
  /** Pixels from one window to the next; the window's own size unless given. */
  readonly stride?: Pair;
  readonly dilation?: Pair;
  /** Pixels of nothing around the image. */
  readonly padding?: readonly [top: number, left: number, bottom: number, right: number];
  /** Whether the padding counts as zeros in the mean. */
  readonly countPadding?: boolean;
  /** Whether a last window that hangs over the edge makes an output; it must begin on the image or the padding before it. */
  readonly ceil?: boolean;
}

const WORKGROUP_SIZE = 64;

/**
 * The mean of each window of `x`, (B, H, W, C). `avgPool(x, 2)` halves the picture, as diffusers' Downsample2D does
 * without a convolution.
 */
export function avgPool(x: Tensor<BHWC>, window: number | Pair, options: AvgPoolOptions = {}) {
  const [B, H, W, C] = x.shape;
  const taps: Pair = typeof window === "number" ? [window, window] : window;
  const { stride = taps, dilation = [1, 1], padding = [0, 0, 0, 0], countPadding = false, ceil = false } = options;
  const [top, left, bottom, right] = padding;
  const axes = [
    [H, top, bottom],
    [W, left, right],
  ] as const;
  const [outHeight, outWidth] = axes.map(([size, before, after], axis) => {
    const room = size + before + after - dilation[axis]! * (taps[axis]! - 1) - 1;
    const last = ceil ? Math.ceil(room / stride[axis]!) : Math.floor(room / stride[axis]!);
    // A window that would begin behind the image belongs to nobody.
    return ceil && last * stride[axis]! >= size + before ? last : last + 1;
  }) as [number, number];
  check(
    outHeight > 0 && outWidth > 0,
    () => `avgPool: a window of ${formatShape(taps)} must fit the padded image, got ${formatShape(x.shape)}`,
  );
  const shape: BHWC = [B, outHeight, outWidth, C];
  const columns = pad4(C) / 4;
  const count = B * outHeight * outWidth * columns;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, COUNT_PADDING: countPadding },
    params: {
      count,
      columns,
      height: H,
      width: W,
      out_height: outHeight,
      out_width: outWidth,
      taps_y: taps[0],
      taps_x: taps[1],
      stride_y: stride[0],
      stride_x: stride[1],
      dilation_y: dilation[0],
      dilation_x: dilation[1],
      top,
      left,
      bottom,
      right,
    },
    reads: { x },
    writes: { y: { shape } },
    workgroups: linearWorkgroups("avgPool", count, WORKGROUP_SIZE),
    flops: sizeOf(shape) * taps[0] * taps[1],
  } satisfies Dispatch;
}
