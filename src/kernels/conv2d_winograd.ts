/**
 * Host twin of shaders/winograd4_input.wgsl, winograd4_output.wgsl, winograd2_input.wgsl, winograd2_output.wgsl and
 * winograd_product.wgsl: a 3 x 3 convolution in three steps,
 *
 *   6 x 6 tiles of x, transformed -- 36 products, each a 1x1 convolution -- transformed back to 4 x 4 pixels
 *
 * with a fourth of the plain sum's multiplications (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural
 * Networks", F(4x4, 3x3)); or, for small pictures, 4 x 4 tiles, 16 products and 2 x 2 pixels with four ninths of them
 * (F(2x2, 3x3)). The weights are transformed when they are loaded: see winograd_weights.ts.
 */

import productKernel from "../../shaders/winograd_product.wgsl";
import inputKernel2 from "../../shaders/winograd2_input.wgsl";
import outputKernel2 from "../../shaders/winograd2_output.wgsl";
import inputKernel4 from "../../shaders/winograd4_input.wgsl";
import outputKernel4 from "../../shaders/winograd4_output.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Recording, Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { pad4, sizeOf } from "../tensor/shape";
import { ACTIVATIONS, type Activation } from "./activation";
import { pointwiseWindow, type Window } from "./conv2d";
import { type DirectConv2d, directConv2d, directParams } from "./conv2d_direct";
import { linearWorkgroups } from "./geometry";
import type { Affine } from "./group_norm";

/** Output pixels along a side of a tile. */
export type WinogradTile = 2 | 4;

/** Kernels, products per tile, and additions and multiplications of the two transforms. */
const FORMS = {
  2: { input: inputKernel2, output: outputKernel2, products: 16, flops: { input: 32, output: 24 } },
  4: { input: inputKernel4, output: outputKernel4, products: 36, flops: { input: 216, output: 220 } },
};
const WORKGROUP_SIZE = 64;
/** Invocations of a product's workgroup: few, so that small pictures make enough workgroups for all cores. */
const PRODUCT_WORKGROUP_SIZE = 16;
/** Tiles come in such numbers that a subgroup's pixels never belong to two products. */
const TILES_TOGETHER = 16;
/** `const LANES` of winograd_product.wgsl, and the channels of its subgroup. */
const PRODUCT_LANES = 4;
const PRODUCT_CHANNELS = 32;

/** Whether the window is the one that Winograd's algorithm is for. */
export function suitsWinograd({ kernel_height, kernel_width, stride, dilation, pad_top, pad_left, ...sizes }: Window) {
  const enlarged = sizes.upsample ? 2 : 1;
  const keepsSize = sizes.out_height === sizes.in_height * enlarged && sizes.out_width === sizes.in_width * enlarged;
  return (
    [kernel_height, kernel_width].every((taps) => taps === 3) &&
    stride * dilation * pad_top * pad_left === 1 &&
    keepsSize
  );
}

/** Tiles of one picture. */
export function winogradTiles({ out_height, out_width }: Window, tile: WinogradTile): number {
  return Math.ceil(out_height / tile) * Math.ceil(out_width / tile);
}

/** A convolution whose input is normalised on the way. */
export interface WinogradConv2d extends DirectConv2d {
  readonly norm?: { readonly affine: Tensor<Affine>; readonly activation: Activation } | undefined;
}

/** Records the three steps, the last of which writes `y`. `conv.w` holds weights transformed for this tile, (16 or 36, C, N). */
export function recordWinograd(
  recording: Recording,
  label: string,
  conv: WinogradConv2d,
  tile: WinogradTile,
  subgroupSize: number | null,
  y: Tensor,
  workgroup?: number,
): void {
  const { x, second, w, norm, vectors, residual, time, window, images, channels } = conv;
  const { input, output, products, flops } = FORMS[tile];
  check(
    suitsWinograd(window),
    () => `${label}: Winograd's convolution must be 3 x 3 with stride, dilation and padding 1`,
  );
  const sources = second ? [x, second] : [x];
  const C = sources.reduce((sum, { shape }) => sum + pad4(shape.at(-1)!), 0);
  check(
    sizeOf(w.shape) === products * C * pad4(channels),
    () => `${label}: w must be (${products}, ${C}, ${pad4(channels)}), got (${w.shape.join(", ")})`,
  );
  const count = images * winogradTiles(window, tile);
  const tiles = Math.ceil(count / TILES_TOGETHER) * TILES_TOGETHER;
  const params = { ...directParams(conv), has_norm: Number(norm !== undefined), source_columns: C / 4, tiles };
  let v: Tensor | undefined;
  let column = 0;
  for (const source of sources) {
    const channels = pad4(source.shape.at(-1)!);
    v = recording.add(`${label}.winograd_input${v ? "_second" : ""}`, {
      shader: input,
      constants: { WORKGROUP_SIZE, ACTIVATION: ACTIVATIONS[norm?.activation ?? "identity"] },
      params: { ...params, first_channels: channels / 4, source_column: column / 4 },
      reads: { x: source, affine: norm?.affine ?? vectors },
      writes: { v: v ?? { shape: [products, tiles, C] } },
      workgroups: linearWorkgroups("winograd", count * channels, WORKGROUP_SIZE),
      flops: flops.input * count * source.shape.at(-1)!,
    }).v as Tensor;
    column += channels;
  }
  const productFlops = 2 * products * count * sources.reduce((sum, { shape }) => sum + shape.at(-1)!, 0) * channels;
  const { y: m } = recording.add(`${label}.winograd_product`, {
    ...productOf(v!, { w, vectors, channels, flops: productFlops }, subgroupSize, workgroup),
    // The way back takes differences of these: they stay f32.
    writes: { y: { shape: [products, tiles, channels] as const, isExact: true } },
  });
  recording.add(label, {
    shader: output,
    constants: { WORKGROUP_SIZE },
    params,
    reads: {
      m: m as Tensor,
      vectors,
      table: time?.table ?? vectors,
      position: time?.position ?? vectors,
      residual: residual ?? vectors,
    },
    writes: { y },
    workgroups: linearWorkgroups("winograd", count * pad4(channels), WORKGROUP_SIZE),
    flops: flops.output * count * channels,
  });
}

/** The products of all places, on subgroups of four lanes by the kernel made for them. */
function productOf(
  v: Tensor,
  conv: Pick<DirectConv2d, "w" | "vectors" | "channels" | "flops">,
  subgroupSize: number | null,
  workgroup: number | undefined,
): Omit<Dispatch, "writes"> {
  const { w, channels, flops } = conv;
  const [products, tiles, C] = v.shape as [number, number, number];
  if (subgroupSize !== PRODUCT_LANES || channels % PRODUCT_CHANNELS !== 0) {
    const each = { x: v, row: 0, ownWeights: C, window: pointwiseWindow(tiles, 1), images: products, scale: 1 };
    return directConv2d({ ...conv, ...each }, subgroupSize, workgroup);
  }
  const size = workgroup ?? PRODUCT_WORKGROUP_SIZE;
  const count = ((products * tiles) / TILES_TOGETHER) * (channels / PRODUCT_CHANNELS) * PRODUCT_LANES;
  return {
    shader: productKernel,
    constants: { WORKGROUP_SIZE: size },
    params: { channels: C / 2, out_channels: channels / 4, tiles, count },
    reads: { v, w },
    workgroups: linearWorkgroups("winograd", count, size),
    flops,
  };
}
