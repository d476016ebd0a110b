/** A model in numbers, without running it: what `inspect` prints. */
import { chooseAlgorithms, type Target } from "../kernels/variants";
import type { UNet2DConfig } from "../models/unet_2d_config";
import { planMemory } from "../runtime/memory_plan";
import { sizeOf } from "../tensor/shape";
import { recordLoop } from "./network";

/** One dispatch of a step. */
export interface LayerDescription {
  /** Its place in the model, in the checkpoint's words. */
  readonly label: string;
  readonly kernel: string;
  readonly section: string;
  /** Shape of what it writes. */
  readonly output: readonly number[];
  readonly flops: number;
  readonly workgroups: readonly [number, number, number];
}

export interface ModelDescription {
  readonly name: string;
  readonly sampler: string;
  readonly image: { readonly height: number; readonly width: number; readonly channels: number };
  /** Numbers in the checkpoint. */
  readonly parameters: number;
  /** Floating-point operations of one evaluation for one picture without guidance. */
  readonly flopsPerStep: number;
  readonly dispatchesPerStep: number;
  /** GPU memory for one picture without guidance: weights as f32, and the buffers that activations share. */
  readonly weightBytes: number;
  readonly activationBytes: number;
  readonly layers: readonly LayerDescription[];
  /** Every tensor of the checkpoint with its shape. */
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** `target`: the adapter whose algorithms are described; without one, those that need the fewest dispatches. */
export function describeModel(
  name: string,
  config: UNet2DConfig,
  sampler: string,
  [height, width]: readonly [number, number],
  target?: Target,
): ModelDescription {
  const shape = { count: 1, height, width, rows: 1, slots: 1, conditions: 1, guided: false };
  const { recording, ends } = recordLoop(name, config, shape);
  if (target) chooseAlgorithms(recording, target);
  const layers = recording.dispatches.map(({ label, shader, section, writes, flops, workgroups }) => ({
    label,
    kernel: shader.name,
    section,
    output: Object.values(writes)[0]?.shape ?? [],
    flops,
    workgroups,
  }));
  const step = layers.filter(({ section }) => section === "step");
  const tensors = [...ends.unet.parameters].map(([tensor, dims]) => ({ name: tensor, shape: dims }));
  return {
    name,
    sampler,
    image: { height, width, channels: config.inChannels },
    parameters: tensors.reduce((sum, tensor) => sum + sizeOf(tensor.shape), 0),
    flopsPerStep: step.reduce((sum, { flops }) => sum + flops, 0),
    dispatchesPerStep: step.length,
    weightBytes: recording.weights.reduce((sum, weight) => sum + sizeOf(weight.shape) * 4, 0),
    activationBytes: planMemory(recording).slots.reduce((sum, bytes) => sum + bytes, 0),
    layers,
    tensors,
  };
}
