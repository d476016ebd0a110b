/** Host twin of shaders/conv2d.wgsl: convolution, and the linear layer as its one-tap case. */
import kernel from "../../shaders/conv2d.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, pad4, type Shape, sameShape, sizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

/** A bias that depends on the step and on the image: rows of a table, made once for the whole schedule. */
export interface BiasRows {
  /** (steps * conditions, columns) */
  readonly table: Tensor;
  /** u32 state: word 0 the step, word 4 + b the condition of image b. */
  readonly position: Tensor;
  /** Where this layer's channels begin in a row; a multiple of four. */
  readonly column: number;
  /** Rows of the table per step. */
  readonly conditions: number;
}

export interface Conv2dOptions {
  /** Output channels. */
  readonly channels: number;
  /** (N), or rows of a table. */
  readonly bias: Tensor | BiasRows;
  /** A second input of the same height and width, its channels after x's: a skip concatenation never stored. */
  readonly second?: Tensor<BHWC>;
  /** Taps along height and width; 3 x 3 unless given. */
  readonly kernel?: readonly [height: number, width: number];
  readonly stride?: number;
  readonly dilation?: number;
  /** Zeros around the input; 1 on every side unless given. diffusers' asymmetric downsampling is [0, 0, 1, 1]. */
  readonly padding?: readonly [top: number, left: number, bottom: number, right: number];
  /** Convolve the nearest-neighbour 2x enlargement of the input. */
  readonly upsample?: boolean;
  /** Added to the result: (B, out height, out width, N). */
  readonly residual?: Tensor;
  /** Multiplies the result, residual included. */
  readonly scale?: number;
}

const WORKGROUP_SIZE = 64;
const PIXELS_PER_INVOCATION = 8;

/** `y = (conv(x ++ second, w) + bias + residual) * scale`, x: (B, H, W, C1), w packed by `pack`, y: (B, H', W', N). */
export function conv2d(x: Tensor<BHWC>, w: Tensor, options: Conv2dOptions) {
  const [B, H, W, C] = x.shape;
  const { second, channels: N, stride = 1, dilation = 1, upsample = false, scale = 1 } = options;
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
  check(
    !options.residual || sameShape(options.residual.shape, shape),
    () => `conv2d: residual must be ${formatShape(shape)}, got ${formatShape(options.residual!.shape)}`,
  );
  return launch(x, w, shape, {
    ...options,
    sizes: {
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
      scale,
    },
    inputs: [C, ...(second ? [second.shape[3]] : [])],
    taps: kh * kw,
    upsample,
  });
}

export interface LinearOptions {
  /** Output width. */
  readonly channels: number;
  readonly bias: Tensor | BiasRows;
  readonly residual?: Tensor;
  readonly scale?: number;
}

/** `y = (x w + bias + residual) * scale` over the last axis: x: (..., D), y: (..., N). */
export function linear<S extends Shape>(x: Tensor<S>, w: Tensor, options: LinearOptions) {
  const { channels: N, residual, scale = 1 } = options;
  const D = x.shape.at(-1)!;
  const [B, ...inner] = x.shape.slice(0, -1);
  const shape = [...x.shape.slice(0, -1), N] as unknown as S;
  check(
    !residual || sameShape(residual.shape, shape),
    () => `linear: residual must be ${formatShape(shape)}, got ${formatShape(residual!.shape)}`,
  );
  // Rows are pixels of an image one pixel wide; a table's rows still find their image by the first axis.
  const rows = sizeOf(inner);
  const one = { kernel_height: 1, kernel_width: 1, stride: 1, dilation: 1, pad_top: 0, pad_left: 0 };
  const sizes = { in_height: rows, in_width: 1, out_height: rows, out_width: 1, ...one, scale };
  check(B !== undefined, () => `linear: x must have at least two axes, got ${formatShape(x.shape)}`);
  return launch(x, w, shape, { ...options, sizes, inputs: [D], taps: 1, upsample: false });
}

interface Launch {
  readonly channels: number;
  readonly bias: Tensor | BiasRows;
  readonly second?: Tensor<BHWC>;
  readonly residual?: Tensor;
  readonly sizes: Readonly<Record<string, number>>;
  readonly inputs: readonly number[];
  readonly taps: number;
  readonly upsample: boolean;
}

function launch<S extends Shape>(x: Tensor, w: Tensor, shape: S, options: Launch) {
  const { channels: N, bias, second, residual, sizes, inputs, taps, upsample } = options;
  const padded = inputs.reduce((sum, channels) => sum + pad4(channels), 0);
  check(
    w.shape[0] === taps && w.shape[1] === padded && pad4(w.shape[2]!) === pad4(N),
    () => `conv2d: w must be packed as (${taps}, ${padded}, ${pad4(N)}), got ${formatShape(w.shape)}`,
  );
  const rows = "table" in bias ? bias : undefined;
  const table = "table" in bias ? bias.table : bias;
  const columns = pad4(table.shape.at(-1)!);
  check(
    (rows?.column ?? 0) % 4 === 0 && (rows?.column ?? 0) + pad4(N) <= columns,
    () => `conv2d: bias must have ${N} columns from ${rows?.column ?? 0} on, got ${formatShape(table.shape)}`,
  );
  const pixels = sizeOf(shape) / N;
  const count = Math.ceil(pixels / PIXELS_PER_INVOCATION) * (pad4(N) / 4);
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE },
    params: {
      ...sizes,
      pixels,
      first_channels: pad4(inputs[0]!) / 4,
      second_channels: inputs.length > 1 ? pad4(inputs[1]!) / 4 : 0,
      out_channels: pad4(N) / 4,
      bias_columns: columns / 4,
      bias_column: (rows?.column ?? 0) / 4,
      conditions: rows?.conditions ?? 0,
      upsample: Number(upsample),
      has_residual: Number(residual !== undefined),
    },
    // Bindings that a launch does not use still need a buffer: x and the table are at hand.
    reads: { x, second: second ?? x, w, bias: table, position: rows?.position ?? table, residual: residual ?? x },
    writes: { y: { shape } },
    workgroups: linearWorkgroups("conv2d", count, WORKGROUP_SIZE),
    flops: 2 * pixels * N * taps * inputs.reduce((sum, channels) => sum + channels, 0),
  } satisfies Dispatch;
}
