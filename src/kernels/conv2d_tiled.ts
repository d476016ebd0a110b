/**
 * Host twin of shaders/conv2d.wgsl: convolution by tiles, norm and statistics included, for GPUs; and everywhere the
 * algorithm that a recording begins with.
 */
import kernel from "../../shaders/conv2d.wgsl?late=tiled";
import { pad4 } from "../tensor/shape";
import { ACTIVATIONS } from "./activation";
import type { Convolution } from "./conv2d";

/** Pixels, output channels and invocations of one team's tile in the kernels. */
export const TILE = { pixels: 32, channels: 32, lanes: 64 };
/** `const SLICES` of conv2d.wgsl: teams of a workgroup. */
export const SLICES = 2;

/** The algorithm of shaders/conv2d.wgsl: everything in one dispatch; `slices` teams share a tile's sum. */
export function tiledConv2d(operation: Convolution, slices = SLICES) {
  const { x, w, second, vectors, residual, shortcut, time, channels, window } = operation;
  const pixels = window.out_height * window.out_width;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE: slices * TILE.lanes },
    ...(slices !== SLICES && { knobs: { SLICES: slices } }),
    params: conv2dParams(operation),
    // Bindings that a launch does not use still need a buffer: x is at hand.
    reads: {
      x,
      second: second ?? shortcut?.second ?? x,
      residual: residual ?? shortcut?.x ?? x,
      w,
      vectors,
      table: time?.table ?? vectors,
      position: time?.position ?? vectors,
    },
    workgroups: [Math.ceil(pixels / TILE.pixels), Math.ceil(channels / TILE.channels), operation.images] as const,
    flops: operation.flops,
    operation,
  };
}

/** The fields of lib/conv2d_params.wgsl. */
export function conv2dParams(operation: Convolution): Readonly<Record<string, number>> {
  const { window, images, sources, channels, residual, scale, norm, time, statistics = false, x, second } = operation;
  return {
    ...window,
    images,
    first_channels: sources[0] / 4,
    second_channels: sources[1] / 4,
    out_channels: pad4(channels) / 4,
    time: time ? (time.modulates ? 2 : 1) : 0,
    table_columns: time ? pad4(time.table.shape[1]) : 0,
    table_column: time?.column ?? 0,
    conditions: time?.conditions ?? 0,
    has_residual: Number(residual !== undefined),
    shortcut_first: sources[2] / 4,
    shortcut_second: sources[3] / 4,
    scale,
    groups: norm?.groups ?? 0,
    group_channels: norm ? (x.shape.at(-1)! + (second?.shape[3] ?? 0)) / norm.groups : 0,
    source_channels: x.shape.at(-1)!,
    eps: norm?.eps ?? 0,
    activation: ACTIVATIONS[norm?.activation ?? "identity"],
    emits_statistics: Number(statistics),
    parts: 1,
  };
}
