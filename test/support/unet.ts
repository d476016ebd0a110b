/** Runs a recorded UNet2DModel once, on the tensors that make_unets.py saved beside it. */
import type { Checkpoint } from "../../src/checkpoint/checkpoint";
import type { Chooser } from "../../src/kernels/choices";
import { applyFormats } from "../../src/kernels/formats";
import { withHalves } from "../../src/kernels/half_activations";
import { chooseAlgorithms, type Target } from "../../src/kernels/variants";
import { type RecordedUNet2D, recordUNet2D } from "../../src/models/unet_2d";
import type { UNet2DConfig } from "../../src/models/unet_2d_config";
import { loadWeights } from "../../src/models/weights";
import { type Precision, Recording, type Tensor } from "../../src/recording/recording";
import { Program } from "../../src/runtime/program";
import { Weights } from "../../src/runtime/weights";
import { type BHWC, nchwToNhwc, nhwcToNchw, padRows, sizeOf, unpadRows } from "../../src/tensor/shape";
import { testDevice } from "./gpu";

export interface Reference {
  /** (B, C, H, W), as PyTorch has it. */
  readonly sample: Float32Array;
  readonly shape: readonly number[];
  /** One, or one per image. */
  readonly timestep: Float32Array;
  readonly classLabels: Float32Array | null;
}

/** Reads the tensors of a reference file that go into the network. */
export async function readReference(file: Checkpoint): Promise<Reference> {
  return {
    sample: await file.read("sample"),
    shape: file.tensors.get("sample")!.shape,
    timestep: await file.read("timestep"),
    classLabels: file.tensors.has("class_labels") ? await file.read("class_labels") : null,
  };
}

export interface ForwardOptions {
  /** Ends the recording with this block, whose output is then returned: later dispatches would reuse its memory. */
  readonly block?: string;
  /** Puts the reference at the last of so many steps, and the images' conditions in reverse; other rows are decoys. */
  readonly steps?: number;
  /** Runs the algorithms that the adapter prefers, with all that it offers; else those that run everywhere. */
  readonly adapts?: boolean;
  /** Runs the algorithms of such an adapter in their place, or those that `choose` names. */
  readonly target?: Target;
  readonly choose?: Chooser;
  /** How numbers lie in memory; f32 unless given. */
  readonly precision?: Precision;
}

/** The network's output for `reference`, or a block's, as (B, C, H, W). */
export async function forward(
  config: UNet2DConfig,
  checkpoint: Checkpoint,
  reference: Reference,
  { block, steps = 1, adapts = false, target, choose, precision }: ForwardOptions = {},
): Promise<Float32Array> {
  const { device, pipelines } = await testDevice({ baseline: !adapts && !precision });
  const [batch, , height, width] = reference.shape as [number, number, number, number];
  const recording = new Recording("unet", precision);
  const unet = recordUNet2D(recording, config, { batch, height, width, steps, conditions: batch });
  const output = block === undefined ? unet.output : endAfter(recording, block);
  if (target) chooseAlgorithms(recording, target, choose);
  else if (adapts) chooseAlgorithms(recording, device.adapter);
  applyFormats(recording, withHalves);
  const weights = new Weights(device);
  await loadWeights(recording.weights, unet.parameters, checkpoint, (weight, packed) => weights.upload(weight, packed));
  const program = await Program.create(device, pipelines, weights, recording);
  try {
    writeInputs(program, unet, reference, steps);
    const encoder = device.gpu.createCommandEncoder();
    for (const section of ["prepare", "step"]) {
      const pass = encoder.beginComputePass();
      program.encode(pass, section);
      pass.end();
    }
    device.gpu.queue.submit([encoder.finish()]);
    const result = unpadRows(await program.read(output), output.shape);
    return output.shape.length === 4 ? nhwcToNchw(result, output.shape as BHWC) : result;
  } finally {
    program.destroy();
    weights.destroy();
  }
}

/** Drops what comes after the last dispatch of `block`; returns what that dispatch writes. */
function endAfter(recording: Recording, block: string): Tensor {
  const last = recording.dispatches.findLastIndex(({ label }) => label === block || label.startsWith(`${block}.`));
  recording.dispatches.length = last + 1;
  return Object.values(recording.dispatches[last]!.writes)[0]!;
}

function writeInputs(program: Program, unet: RecordedUNet2D, reference: Reference, steps: number): void {
  const { sample, timestep, classLabels } = reference;
  const B = unet.sample.shape[0];
  program.write(unet.sample, padRows(nchwToNhwc(sample, unet.sample.shape), unet.sample.shape));
  const perImage = Float32Array.from({ length: B }, (_, b) => timestep[timestep.length === 1 ? 0 : b]!);
  writeRows(program, unet.timesteps, perImage, B);
  if (unet.classLabels) writeRows(program, unet.classLabels, classLabels!, B);
  const position = new Uint32Array(sizeOf(unet.position.shape));
  position[0] = steps - 1;
  for (let b = 0; b < B; b++) position[4 + b] = B - 1 - b;
  program.write(unet.position, position);
}

/** Writes one row per image, the last image first, into the last rows; ones before them. */
function writeRows(program: Program, tensor: Tensor, perImage: Float32Array, B: number): void {
  const width = perImage.length / B;
  const data = new Float32Array(sizeOf(tensor.shape)).fill(1);
  for (let b = 0; b < B; b++) data.set(perImage.subarray(b * width, (b + 1) * width), data.length - (b + 1) * width);
  program.write(tensor, tensor.dtype === "u32" ? new Uint32Array(data) : padRows(data, tensor.shape));
}

/** max |actual - expected| over the standard deviation of what was expected. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
  const std = Math.sqrt(expected.reduce((sum, value) => sum + (value - mean) ** 2, 0) / expected.length);
  let worst = actual.length === expected.length ? 0 : Infinity;
  // A NaN compares false with everything, so it is asked for by name.
  actual.forEach((value, i) => {
    const difference = Math.abs(value - expected[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  });
  return worst / std;
}
