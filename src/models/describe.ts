/** A recorded model as tables, for people who ask what is in it: layers, shapes, parameters, arithmetic. */
import type { RecordedDispatch, Recording, Weight } from "../recording/recording";
import { type Shape, sizeOf } from "../tensor/shape";
import { termsOf } from "./parameters";

/** One dispatch. */
export interface LayerDescription {
  /** The layer's path, as in the checkpoint where it has weights. */
  readonly path: string;
  readonly section: string;
  readonly kernel: string;
  readonly output: Shape;
  /** Numbers of the checkpoint that it uses. */
  readonly parameters: number;
  /** Floating-point operations, a multiply-add counted as two. */
  readonly flops: number;
}

/** Sums over everything whose path begins alike, e.g. `down_blocks.0`. */
export interface BlockDescription {
  readonly path: string;
  readonly section: string;
  readonly dispatches: number;
  readonly parameters: number;
  readonly flops: number;
}

export interface ModelDescription {
  readonly parameters: number;
  readonly layers: readonly LayerDescription[];
  readonly blocks: readonly BlockDescription[];
}

/** Describes a recording; `shapes` are the checkpoint's tensors by name (`RecordedUNet2D.parameters`). */
export function describeModel(recording: Recording, shapes: ReadonlyMap<string, Shape>): ModelDescription {
  const layers = recording.dispatches.map((dispatch) => ({
    path: dispatch.label,
    section: dispatch.section,
    kernel: dispatch.shader.name,
    output: Object.values(dispatch.writes)[0]!.shape,
    parameters: parametersOf(dispatch, shapes),
    flops: dispatch.flops,
  }));
  return {
    parameters: [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0),
    layers,
    blocks: blocksOf(layers),
  };
}

function parametersOf({ reads }: RecordedDispatch, shapes: ReadonlyMap<string, Shape>): number {
  const weights = new Set(Object.values(reads).filter((tensor): tensor is Weight => tensor.kind === "weight"));
  let count = 0;
  for (const { packing } of weights) {
    for (const { name, rows } of packing.parts.flatMap(termsOf)) {
      const shape = shapes.get(name)!;
      count += rows === null ? sizeOf(shape) : (sizeOf(shape) / shape[0]!) * (rows[1] - rows[0]);
    }
  }
  return count;
}

function blocksOf(layers: readonly LayerDescription[]): BlockDescription[] {
  const blocks = new Map<string, BlockDescription>();
  for (const { path, section, parameters, flops } of layers) {
    const name = /^\w+(\.\d+)?/.exec(path)?.[0] ?? path;
    const block = blocks.get(name) ?? { path: name, section, dispatches: 0, parameters: 0, flops: 0 };
    blocks.set(name, {
      ...block,
      dispatches: block.dispatches + 1,
      parameters: block.parameters + parameters,
      flops: block.flops + flops,
    });
  }
  return [...blocks.values()];
}
