/** One evaluation of the network on the caller's tensors: what parity with PyTorch is measured with. */
import { POSITION_WORDS } from "../kernels/time_share";
import type { RecordedUNet2D } from "../models/unet_2d";
import type { UNet2DConfig } from "../models/unet_2d_config";
import { checkRows } from "../models/unet_2d_inputs";
import type { Precision } from "../recording/recording";
import type { Program } from "../runtime/program";
import { replay } from "../runtime/replay";
import { check, InputError, NumericError } from "../tensor/check";
import { formatShape, nchwToNhwc, nhwcToNchw, padRows, type Shape, sizeOf, unpadRows } from "../tensor/shape";
import type { Engine, WeightLoader } from "./engine";
import { recordForward } from "./network";
import { firstNonfinite } from "./nonfinite";

export interface ForwardInput {
  /** (B, C, H, W), diffusers' order. */
  readonly sample: Float32Array;
  readonly shape: readonly [B: number, C: number, H: number, W: number];
  /** One for all images, or one each. */
  readonly timestep: number | ArrayLike<number>;
  /** One per image: classes, timesteps or (B, D) embeddings, as the model's class_embed_type asks. */
  readonly classLabels?: ArrayLike<number>;
}

export interface ForwardOutput {
  /** (B, C', H, W) */
  readonly output: Float32Array<ArrayBuffer>;
  readonly shape: readonly [B: number, C: number, H: number, W: number];
}

/** @throws InputError where the tensors do not fit the model, NumericError where a layer leaves the finite numbers. */
export async function runForward(
  name: string,
  config: UNet2DConfig,
  precision: Precision,
  engine: Engine,
  input: ForwardInput,
  loaderFor: (parameters: ReadonlyMap<string, Shape>) => WeightLoader,
): Promise<ForwardOutput> {
  const [B, C, H, W] = input.shape;
  check(
    C === config.inChannels && input.sample.length === sizeOf(input.shape),
    () =>
      `sample: must be (B, ${config.inChannels}, H, W), got ${formatShape(input.shape)} with ${input.sample.length} numbers`,
    InputError,
  );
  let parameters: ReadonlyMap<string, Shape> = new Map();
  const record = () => {
    const recorded = recordForward(name, config, B, H, W, precision);
    parameters = recorded.ends.parameters;
    return recorded;
  };
  const load: WeightLoader = (missing, upload) => loaderFor(parameters)(missing, upload);
  const kept = await engine.program(`forward ${B} ${H} ${W} ${JSON.stringify(precision)}`, record, load);
  const output = await evaluate(kept.program, kept.ends, config, input);
  if (!output.output.every(Number.isFinite)) {
    const open = await engine.openProgram(record, load);
    try {
      await evaluate(open.program, open.ends, config, input);
      const layer = (await firstNonfinite(open.program)) ?? "the network's output";
      throw new NumericError(`${name}: every number must be finite, got NaN or infinity first in ${layer}`, layer);
    } finally {
      open.program.destroy();
    }
  }
  return output;
}

/** Uploads the input, runs the network once and reads its output. */
async function evaluate(
  program: Program,
  ends: RecordedUNet2D,
  config: UNet2DConfig,
  input: ForwardInput,
): Promise<ForwardOutput> {
  const [B, C, H, W] = input.shape;
  const { sample, timesteps, classLabels, position, output } = ends;
  program.write(sample, padRows(nchwToNhwc(input.sample, [B, H, W, C]), [B, H, W, C]));
  const t = typeof input.timestep === "number" ? [input.timestep] : Array.from(input.timestep);
  check(t.length === 1 || t.length === B, () => `timestep: must be one or ${B} numbers, got ${t.length}`, InputError);
  const perImage = Array.from({ length: B }, (_, b) => t[t.length === 1 ? 0 : b]!);
  checkRows(config, perImage, null);
  program.write(timesteps, timesteps.dtype === "u32" ? Uint32Array.from(perImage) : Float32Array.from(perImage));
  if (classLabels) {
    const labels = input.classLabels ? Array.from(input.classLabels) : [];
    check(
      labels.length === sizeOf(classLabels.shape),
      () => `class_labels: must be ${formatShape(classLabels.shape)}, got ${labels.length} numbers`,
      InputError,
    );
    checkRows(config, perImage, labels);
    const padded = padRows(Float32Array.from(labels), classLabels.shape);
    program.write(classLabels, classLabels.dtype === "u32" ? Uint32Array.from(labels) : padded);
  }
  check(
    classLabels || !input.classLabels,
    () => "class_labels: must be absent for a model without classes",
    InputError,
  );
  // Image b is conditioned on row b of the table.
  const words = new Uint32Array(POSITION_WORDS);
  for (let b = 0; b < B; b++) words[4 + b] = b;
  program.write(position, words);
  const opening = ["prepare"];
  for await (const _ of replay(program, { opening, section: "step", count: 1, sliceMs: Infinity }));
  const [, h, w, c] = output.shape;
  const numbers = nhwcToNchw(unpadRows(await program.read(output), output.shape), output.shape);
  return { output: numbers, shape: [B, c, h, w] };
}
