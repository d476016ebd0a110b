/**
 * Host twin of shaders/conv2d_register.wgsl and conv2d_subgroup.wgsl: convolution without barriers or workgroup memory,
 * for adapters that run on a CPU. The input is normalised beforehand: see conv2d_staged.ts.
 */
import registerKernel from "../../shaders/conv2d_register.wgsl";
import subgroupKernel from "../../shaders/conv2d_subgroup.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { pad4 } from "../tensor/shape";
import type { Window } from "./conv2d";
import { linearWorkgroups } from "./geometry";
import type { TimeShare } from "./time_share";

/** Invocations of a workgroup; few for the subgroups, so that small pictures make enough workgroups for all cores. */
const WORKGROUP_SIZE = { register: 64, subgroup: 16 };
/** Pixels of an invocation. */
const PIXELS = { register: 8, subgroup: 16 };
/** Subgroup sizes that conv2d_subgroup.wgsl is written for: those of the software adapters. */
const SUBGROUP_SIZES = [4, 8];

/** A convolution whose input is ready to be multiplied. */
export interface DirectConv2d {
  readonly x: Tensor;
  readonly second?: Tensor | undefined;
  readonly w: Tensor;
  /** Row of w, in input channels, where the weights begin. */
  readonly row: number;
  /** Rows of w per image where each image has weights of its own. */
  readonly ownWeights?: number;
  /** Where the bias begins in `vectors`, a multiple of four; undefined for none. */
  readonly bias?: number | undefined;
  readonly vectors: Tensor;
  readonly time?: TimeShare | undefined;
  readonly residual?: Tensor | undefined;
  readonly scale: number;
  readonly window: Window;
  readonly images: number;
  readonly channels: number;
  readonly flops: number;
}

/** Lanes of the subgroup that shares the loads of such a convolution; null where none can. */
export function sharingLanes(channels: number, subgroupSize: number | null): number | null {
  const isKnown = subgroupSize !== null && SUBGROUP_SIZES.includes(subgroupSize);
  return isKnown && (pad4(channels) / 4) % subgroupSize === 0 ? subgroupSize : null;
}

/** `subgroupSize`: lanes of a subgroup where that is one known number, else null. */
export function directConv2d(
  conv: DirectConv2d,
  subgroupSize: number | null,
  workgroup?: number,
): Omit<Dispatch, "writes"> {
  const { x, second, w, vectors, time, residual, window, channels } = conv;
  const lanes = second ? null : sharingLanes(channels, subgroupSize);
  const kind = lanes ? "subgroup" : "register";
  const size = workgroup ?? WORKGROUP_SIZE[kind];
  const pixels = conv.images * window.out_height * window.out_width;
  const count = (pad4(channels) / 4) * Math.ceil(pixels / PIXELS[kind]);
  return {
    shader: lanes ? subgroupKernel : registerKernel,
    constants: { WORKGROUP_SIZE: size },
    ...(lanes && { knobs: { LANES: lanes } }),
    params: directParams(conv),
    // Bindings that a launch does not use still need a buffer: x is at hand.
    reads: {
      x,
      ...(lanes ? {} : { second: second ?? x }),
      w,
      vectors,
      table: time?.table ?? vectors,
      position: time?.position ?? vectors,
      residual: residual ?? x,
    },
    workgroups: linearWorkgroups("conv2d", count, size),
    flops: conv.flops,
  };
}

/** The fields of lib/conv2d_taps.wgsl. */
export function directParams(conv: DirectConv2d): Readonly<Record<string, number>> {
  const { x, second, time, residual, window, channels } = conv;
  const columns = pad4(channels) / 4;
  const channelsOf = (tensor: Tensor | undefined) => (tensor ? pad4(tensor.shape.at(-1)!) / 4 : 0);
  return {
    ...window,
    pixels: conv.images * window.out_height * window.out_width,
    first_channels: channelsOf(x),
    second_channels: channelsOf(second),
    out_channels: columns,
    w_start: conv.row * columns,
    w_stride: (conv.ownWeights ?? 0) * columns,
    bias_start: (conv.bias ?? 0) / 4,
    has_bias: Number(conv.bias !== undefined),
    table_start: (time?.column ?? 0) / 4,
    table_columns: time ? pad4(time.table.shape[1]) / 4 : 0,
    conditions: time?.conditions ?? 0,
    has_residual: Number(residual !== undefined),
    scale: conv.scale,
    has_norm: 0,
    source_column: 0,
    source_columns: 0,
    tiles: 0,
  };
}
