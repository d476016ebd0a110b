/**
 * Host twin of shaders/conv2d.wgsl, conv2d_reduce.wgsl, conv2d_few_inputs.wgsl and conv2d_few_outputs.wgsl: convolution by
 * tiles, norm and statistics included, for GPUs; and everywhere the algorithm that a recording begins with.
 */
import tileKernel from "../../shaders/conv2d.wgsl";
import fewInputsKernel from "../../shaders/conv2d_few_inputs.wgsl?late";
import fewOutputsKernel from "../../shaders/conv2d_few_outputs.wgsl?late";
import reduceKernel from "../../shaders/conv2d_reduce.wgsl?late";
import type { Recording, Tensor } from "../recording/recording";
import { pad4 } from "../tensor/shape";
import { ACTIVATIONS } from "./activation";
import type { Convolution } from "./conv2d";

/** Pixels, output channels and invocations of one team's tile in the kernels. */
const TILE = { pixels: 32, channels: 32, lanes: 64 };
/** `const SLICES` and `const DEPTH` of conv2d.wgsl: teams of a workgroup, vec4s of the sum per stage. */
const SLICES = 2;
const DEPTH = 4;
/** `const PIXELS` of conv2d_few_outputs.wgsl. */
const FEW_OUTPUTS_PIXELS = 8;

/** The algorithm of shaders/conv2d.wgsl: everything in one dispatch; `slices` teams share a tile's sum. */
export function tiledConv2d(operation: Convolution, slices = SLICES) {
  const { x, w, second, vectors, residual, shortcut, time, channels, window } = operation;
  const pixels = window.out_height * window.out_width;
  return {
    shader: tileKernel,
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

/** Workgroups of a tiled convolution, and the rounds of stages that each goes through, before any splitting. */
export function tiledSize({ window, channels, images, sources }: Convolution) {
  const pixels = window.out_height * window.out_width;
  const workgroups = Math.ceil(pixels / TILE.pixels) * Math.ceil(channels / TILE.channels) * images;
  const [first, second, shortcut, shortcutSecond] = sources.map((width) => Math.ceil(width / 4 / DEPTH)) as [
    number,
    number,
    number,
    number,
  ];
  const stages = window.kernel_height * window.kernel_width * (first + second) + shortcut + shortcutSecond;
  return { workgroups, rounds: Math.ceil(stages / SLICES) };
}

/** Split-K: the sum in `parts`, side by side, then added up. The second dispatch writes `y`. */
export function recordSplitConv2d(
  recording: Recording,
  label: string,
  operation: Convolution,
  parts: number,
  y: Tensor,
): void {
  const { images, channels, window, vectors, residual, time } = operation;
  const tiled = tiledConv2d(operation);
  const [pixelTiles, channelTiles] = tiled.workgroups;
  const params = { ...tiled.params, parts };
  const shape = [parts, images, window.out_height * window.out_width, channels] as const;
  const { operation: _, ...rest } = tiled;
  const sums = recording.add(`${label}.parts`, {
    ...rest,
    params,
    writes: { y: { shape, isExact: true } },
    workgroups: [pixelTiles, channelTiles, parts * images],
  }).y;
  recording.add(label, {
    shader: reduceKernel,
    constants: { WORKGROUP_SIZE: TILE.lanes },
    params,
    reads: {
      s: sums as Tensor,
      residual: residual ?? vectors,
      vectors,
      table: time?.table ?? vectors,
      position: time?.position ?? vectors,
    },
    writes: { y },
    workgroups: [pixelTiles, channelTiles, images],
    flops: parts * images * window.out_height * window.out_width * channels,
  });
}

/** Whether the input is one vec4 wide, as a picture's is, and taken as it is. */
export function hasFewInputs({ sources, norm, time }: Convolution): boolean {
  return sources[0] === 4 && sources.slice(1).every((width) => width === 0) && !norm && !time?.modulates;
}

export function recordFewInputs(recording: Recording, label: string, operation: Convolution, y: Tensor): void {
  const { operation: _, reads, ...rest } = tiledConv2d(operation);
  const { second: __, ...used } = reads;
  const constants = { WORKGROUP_SIZE: TILE.lanes };
  recording.add(label, { ...rest, shader: fewInputsKernel, constants, reads: used, writes: { y } });
}

/** Whether the output is one vec4 wide, as a picture's is, and nothing is added to it or noted about it. */
export function hasFewOutputs({ sources, channels, time, residual, statistics, window }: Convolution): boolean {
  const isPlain = !(residual || statistics || window.upsample || (time && !time.modulates));
  return pad4(channels) === 4 && sources.slice(1).every((width) => width === 0) && isPlain;
}

export function recordFewOutputs(recording: Recording, label: string, operation: Convolution, y: Tensor): void {
  const { operation: _, reads, ...rest } = tiledConv2d(operation);
  const { residual: __, ...used } = reads;
  const { window, images } = operation;
  recording.add(label, {
    ...rest,
    shader: fewOutputsKernel,
    constants: { WORKGROUP_SIZE: TILE.lanes },
    reads: used,
    writes: { y },
    workgroups: [Math.ceil((window.out_height * window.out_width) / FEW_OUTPUTS_PIXELS), 1, images],
  });
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
