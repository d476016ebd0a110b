/**
 * Convolution, and the linear layer as its one-tap case, with the group norm in front, the time embedding's share, the
 * shortcut behind and the statistics that the next norm needs.
 *
 * What is recorded is the one dispatch of conv2d_tiled.ts. It carries its `Convolution`, from which variants.ts may derive
 * another algorithm.
 */
import type { Dispatch, Operation } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, pad4, type Shape, sameShape, sizeOf } from "../tensor/shape";
import type { Activation } from "./activation";
import { tiledConv2d } from "./conv2d_tiled";
import { checkTimeShare, type TimeShare } from "./time_share";

/** Pixels of a tile of the statistics that a convolution leaves behind its result. */
export const STATISTICS_TILE = 32;
/** Channels and groups of a norm that fit the kernel's workgroup memory: `MAX_NORM_COLUMNS`, `MAX_GROUPS`. */
export const MAX_NORM_CHANNELS = 768;
export const MAX_NORM_GROUPS = 128;

/** Group norm and activation of `x ++ second`, both of which must carry statistics. */
export interface InputNorm {
  readonly groups: number;
  readonly eps: number;
  readonly activation: Activation;
}

export interface Conv2dOptions {
  /** Output channels. */
  readonly channels: number;
  /** (N): the bias. With a norm, its scales and its shifts first, each source's padded to a multiple of four. */
  readonly vectors: Tensor;
  /** A second input of the same height and width, its channels after x's: a skip concatenation never stored. */
  readonly second?: Tensor<BHWC> | undefined;
  /** Taps along height and width; 3 x 3 unless given. */
  readonly kernel?: readonly [height: number, width: number];
  readonly stride?: number;
  readonly dilation?: number;
  /** Zeros around the input; 1 on every side unless given. diffusers' asymmetric downsampling is [0, 0, 1, 1]. */
  readonly padding?: readonly [top: number, left: number, bottom: number, right: number];
  /** Convolve the nearest-neighbour 2x enlargement of the input. */
  readonly upsample?: boolean;
  readonly norm?: InputNorm | undefined;
  /** The time embedding's share: added as a bias is, or, where it modulates, the norm's further scale and shift. */
  readonly time?: TimeShare | undefined;
  /** Added to the result: (B, out height, out width, N). */
  readonly residual?: Tensor | undefined;
  /** Added through a 1x1 convolution, whose weights are w's last rows: (B, out height, out width, C), two sources at most. */
  readonly shortcut?: { readonly x: Tensor<BHWC>; readonly second?: Tensor<BHWC> | undefined } | undefined;
  /** Multiplies the result, residual included. */
  readonly scale?: number;
  /** Leaves each channel's statistics behind the result, for the norm of whoever reads it. */
  readonly statistics?: boolean;
  /** The result stays f32 where other activations are f16. */
  readonly isExact?: boolean;
}

/** Where the window lies; heights and widths in pixels. */
export interface Window {
  readonly in_height: number;
  readonly in_width: number;
  readonly out_height: number;
  readonly out_width: number;
  readonly kernel_height: number;
  readonly kernel_width: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pad_top: number;
  readonly pad_left: number;
  /** 1: the input counts as twice its height and width. */
  readonly upsample: number;
}

/** All that a convolution is, whatever computes it. */
export interface Convolution extends Operation, Omit<Conv2dOptions, "kernel" | "stride" | "dilation" | "padding"> {
  readonly kind: "conv2d";
  readonly x: Tensor;
  readonly w: Tensor;
  readonly window: Window;
  readonly images: number;
  /** Padded channels of x, of second, and of the shortcut's sources; 0 where there is none. */
  readonly sources: readonly [x: number, second: number, shortcut: number, shortcutSecond: number];
  readonly scale: number;
  readonly flops: number;
}

/** Numbers behind (B, H, W, N) that hold each channel's mean and M2 by tiles of pixels. */
export function statisticsTail(images: number, pixels: number, channels: number): number {
  return images * Math.ceil(pixels / STATISTICS_TILE) * 2 * pad4(channels);
}

/** `y = (conv(f(norm(x ++ second)), w) + bias + time + shortcut) * scale`, x: (B, H, W, C1), y: (B, H', W', N). */
export function conv2d(x: Tensor<BHWC>, w: Tensor, options: Conv2dOptions) {
  const [B, H, W] = x.shape;
  const { second, channels: N, stride = 1, dilation = 1, upsample = false } = options;
  const [kh, kw] = options.kernel ?? [3, 3];
  const [top, left, bottom, right] = options.padding ?? [1, 1, 1, 1];
  const enlarged = upsample ? 2 : 1;
  const outHeight = Math.floor((H * enlarged + top + bottom - dilation * (kh - 1) - 1) / stride) + 1;
  const outWidth = Math.floor((W * enlarged + left + right - dilation * (kw - 1) - 1) / stride) + 1;
  const shape: BHWC = [B, outHeight, outWidth, N];
  check(
    outHeight > 0 && outWidth > 0,
    () => `conv2d: the ${kh} x ${kw} window must fit the padded input, got ${formatShape(x.shape)}`,
  );
  check(
    !second || (second.shape[0] === B && second.shape[1] === H && second.shape[2] === W),
    () => `conv2d: second must be (${B}, ${H}, ${W}, C), got ${formatShape(second!.shape)}`,
  );
  for (const source of [options.shortcut?.x, options.shortcut?.second]) {
    check(
      !source || sameShape(source.shape.slice(0, 3), shape.slice(0, 3)),
      () => `conv2d: the shortcut must be (${shape.slice(0, 3).join(", ")}, C), got ${formatShape(source!.shape)}`,
    );
  }
  const window = {
    in_height: H,
    in_width: W,
    out_height: outHeight,
    out_width: outWidth,
    kernel_height: kh,
    kernel_width: kw,
    stride,
    dilation,
    pad_top: top,
    pad_left: left,
    upsample: Number(upsample),
  };
  return launch(x, w, shape, window, B, options);
}

export type LinearOptions = Pick<
  Conv2dOptions,
  "channels" | "vectors" | "norm" | "residual" | "scale" | "statistics" | "time" | "isExact"
>;

/** `y = (f(norm(x)) w + bias + residual) * scale` over the last axis: x: (B, ..., D), y: (B, ..., N). */
export function linear<S extends Shape>(x: Tensor<S>, w: Tensor, options: LinearOptions) {
  const [B, ...inner] = x.shape.slice(0, -1);
  check(B !== undefined, () => `linear: x must have at least two axes, got ${formatShape(x.shape)}`);
  const shape = [...x.shape.slice(0, -1), options.channels] as unknown as S;
  // Rows are pixels of an image one pixel wide; all rows are one image unless something depends on the image.
  const images = options.norm || options.statistics || options.time ? B : 1;
  const rows = (B * sizeOf(inner)) / images;
  return launch(x, w, shape, pointwiseWindow(rows, 1), images, options);
}

/** One tap: each output pixel is of its own input pixel. */
export function pointwiseWindow(height: number, width: number): Window {
  const size = { in_height: height, in_width: width, out_height: height, out_width: width };
  return { ...size, kernel_height: 1, kernel_width: 1, stride: 1, dilation: 1, pad_top: 0, pad_left: 0, upsample: 0 };
}

function launch<S extends Shape>(
  x: Tensor,
  w: Tensor,
  shape: S,
  window: Window,
  images: number,
  options: Conv2dOptions,
) {
  const { channels: N, scale = 1, second, residual, shortcut, norm, time } = options;
  const channelsOf = (tensor: Tensor | undefined) => tensor?.shape.at(-1) ?? 0;
  const inputs = [x, second, shortcut?.x, shortcut?.second].map(channelsOf);
  const sources = inputs.map(pad4) as unknown as Convolution["sources"];
  const taps = window.kernel_height * window.kernel_width;
  const rows = taps * (sources[0] + sources[1]) + sources[2] + sources[3];
  check(
    sizeOf(w.shape) === rows * pad4(N),
    () => `conv2d: w must be packed as (${rows}, ${pad4(N)}), got ${formatShape(w.shape)}`,
  );
  const beforeBias = norm ? 2 * (sources[0] + sources[1]) : 0;
  check(
    pad4(sizeOf(options.vectors.shape)) === beforeBias + pad4(N),
    () => `conv2d: vectors must be (${beforeBias + N}), got ${formatShape(options.vectors.shape)}`,
  );
  check(
    !residual || sameShape(residual.shape, shape),
    () => `conv2d: residual must be ${formatShape(shape)}, got ${formatShape(residual!.shape)}`,
  );
  check(!(second && shortcut?.second), () => "conv2d: a second source and a shortcut's second one exclude each other");
  check(!(residual && shortcut), () => "conv2d: a residual and a shortcut exclude each other");
  if (norm) checkNorm(norm, inputs[0]! + inputs[1]!, x, second);
  if (time) checkTimeShare("conv2d", time, time.modulates ? 2 * (inputs[0]! + inputs[1]!) : N, images);

  const outPixels = window.out_height * window.out_width;
  const weights = taps * (inputs[0]! + inputs[1]!) + inputs[2]! + inputs[3]!;
  const operation: Convolution = {
    ...options,
    kind: "conv2d",
    x,
    w,
    window,
    images,
    sources,
    scale,
    flops: 2 * images * outPixels * N * weights,
  };
  const tail = options.statistics ? statisticsTail(images, outPixels, N) : 0;
  return {
    ...tiledConv2d(operation),
    writes: { y: { shape, tail, isExact: options.isExact ?? false } },
  } satisfies Dispatch;
}

function checkNorm({ groups }: InputNorm, channels: number, x: Tensor, second: Tensor | undefined): void {
  check(
    channels % groups === 0,
    () => `conv2d: the norm's channels must divide into groups, got C = ${channels} and groups = ${groups}`,
  );
  check(
    channels <= MAX_NORM_CHANNELS && groups <= MAX_NORM_GROUPS,
    () =>
      `conv2d: a norm may have ${MAX_NORM_CHANNELS} channels and ${MAX_NORM_GROUPS} groups, got ${channels} and ${groups}`,
  );
  for (const source of [x, second]) {
    check(
      !source || source.tail > 0,
      () => `conv2d: to be normalised, ${source!.label} must carry its statistics; they are a convolution's option`,
    );
  }
}
