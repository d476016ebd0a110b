/**
 * Host twin of shaders/conv2d_reduce.wgsl, conv2d_few_inputs.wgsl and conv2d_few_outputs.wgsl: what GPUs run in place of
 * conv2d.wgsl where a sum is long and a picture small, or where a picture's few channels come in or go out.
 */
import fewInputsKernel from "../../shaders/conv2d_few_inputs.wgsl";
import fewOutputsKernel from "../../shaders/conv2d_few_outputs.wgsl";
import reduceKernel from "../../shaders/conv2d_reduce.wgsl";
import type { Recording, Tensor } from "../recording/recording";
import { pad4 } from "../tensor/shape";
import type { Convolution } from "./conv2d";
import { SLICES, TILE, tiledConv2d } from "./conv2d_tiled";

/** `const DEPTH` of conv2d.wgsl: vec4s of the sum per stage. */
const DEPTH = 4;
/** `const PIXELS` of conv2d_few_outputs.wgsl. */
const FEW_OUTPUTS_PIXELS = 8;

/** Workgroups of a tiled convolution, and the rounds of stages that each goes through, before any splitting. */
function tiledSize({ window, channels, images, sources }: Convolution) {
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

/** Workgroups that keep a large GPU busy: an H200 has 132 multiprocessors. */
const BUSY = 128;
/** Rounds of stages below which a workgroup's sum is too short to be split. */
const LONG_SUM = 32;

/** Parts of the sum with which the workgroups of a small picture fill a GPU, each with eight rounds or more to do. */
export function partsOf(conv: Convolution): number {
  const { workgroups, rounds } = tiledSize(conv);
  return Math.max(1, Math.min(16, Math.floor(BUSY / workgroups), Math.floor(rounds / 8)));
}

/** Whether splitting is likely to pay. */
export function gainsBySplit(conv: Convolution): boolean {
  const { workgroups, rounds } = tiledSize(conv);
  return workgroups <= BUSY / 4 && rounds >= LONG_SUM;
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
