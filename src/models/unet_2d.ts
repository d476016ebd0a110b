/**
 * diffusers' UNet2DModel: its forward pass, recorded once as plain data.
 *
 * The room `models` turns a configuration into a recording and a checkpoint into packed weights. It must not know of
 * devices or buffers, nor of samplers: what moves the sample from step to step is not the network's business.
 *
 * Two sections: `prepare`, once per schedule, makes the time embedding's share of every ResNet for all steps and
 * conditions; `step`, the network itself, reads the rows of the current step.
 */
import { conv2d } from "../kernels/conv2d";
import { POSITION_WORDS } from "../kernels/time_share";
import type { Recording, Tensor } from "../recording/recording";
import { check, InputError } from "../tensor/check";
import { type BHWC, type Shape, sameShape } from "../tensor/shape";
import { recordDownBlock } from "./down_block";
import { recordMidBlock } from "./mid_block";
import type { Model } from "./model";
import { normedInput } from "./normed_layer";
import { Parameters } from "./parameters";
import { rareLayers } from "./rare_layers";
import { recordTimeTable } from "./time_embedding";
import type { UNet2DConfig } from "./unet_2d_config";
import { layoutUNet2D } from "./unet_2d_layout";
import { recordUpBlock } from "./up_block";

export interface UNet2DOptions {
  /** Images that the network sees at once; guidance counts them twice. */
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Steps of the schedule that `prepare` makes rows for. */
  readonly steps: number;
  /** Different conditions (class labels, or timesteps at one step) among the images, K. */
  readonly conditions: number;
  /** The network's input where it exists already, (batch, height, width, inChannels); else a new state. */
  readonly sample?: Tensor<BHWC>;
  /** The loop's position where it exists already; else a new state. */
  readonly position?: Tensor;
}

/** The tensors at the ends of the network. Row r = step * conditions + condition throughout. */
export interface RecordedUNet2D {
  /** (B, H, W, inChannels) */
  readonly sample: Tensor<BHWC>;
  /** (steps * conditions): each row's timestep. u32 for a learned time embedding, else f32. */
  readonly timesteps: Tensor<readonly [rows: number]>;
  /**
   * Each row's label, or null for a model without classes: (rows) u32 for num_class_embeds; (rows) of the timesteps'
   * type for class_embed_type "timestep"; (rows, timeEmbeddingDim) f32 for "identity".
   */
  readonly classLabels: Tensor | null;
  /** u32, POSITION_WORDS words: [0] the step, [4 + b] the condition of image b. */
  readonly position: Tensor;
  /** (B, H, W, outChannels) */
  readonly output: Tensor<BHWC>;
  /** The shape of every tensor that the checkpoint must have, by name. */
  readonly parameters: ReadonlyMap<string, Shape>;
}

/** Records both sections of the model. @throws InputError where the size cannot be halved as often as the model does. */
export function recordUNet2D(recording: Recording, config: UNet2DConfig, options: UNet2DOptions): RecordedUNet2D {
  const { batch: B, height: H, width: W, steps, conditions } = options;
  checkSize(config, H, W);
  const sample = options.sample ?? recording.state("sample", [B, H, W, config.inChannels] as const);
  check(
    sameShape(sample.shape, [B, H, W, config.inChannels]),
    () => `recordUNet2D: sample must be (${B}, ${H}, ${W}, ${config.inChannels}), got (${sample.shape.join(", ")})`,
  );
  const position = options.position ?? recording.state("position", [POSITION_WORDS], "u32");
  const parameters = new Parameters(recording);
  const layout = layoutUNet2D(config);

  recording.section("prepare");
  const prepared = recordTimeTable(recording, parameters, config, layout, steps * conditions);
  const { timesteps, classLabels } = prepared;

  recording.section("step");
  const time = { ...prepared, position, conditions };
  const output = recordNetwork({ recording, parameters, config, time }, layout, sample, timesteps);
  return { sample, timesteps, classLabels, position, output, parameters: parameters.shapes };
}

function recordNetwork(
  model: Model,
  layout: ReturnType<typeof layoutUNet2D>,
  sample: Tensor<BHWC>,
  timesteps: Tensor,
): Tensor<BHWC> {
  const { recording, parameters, config, time } = model;
  const C0 = config.blockOutChannels[0]!;
  const centred = config.centerInputSample
    ? recording.add("center_input", rareLayers().rescale(sample, { scale: 2, shift: -1 })).y
    : sample; //                                                                        (B, H, W, inChannels)
  const wIn = parameters.conv("conv_in", [config.inChannels], C0, 3);
  const vectorsIn = parameters.vectors("conv_in", [{ path: "conv_in", outputs: C0 }]);
  const first = conv2d(centred, wIn, { channels: C0, vectors: vectorsIn, statistics: true });
  let h = recording.add("conv_in", first).y; //                                                (B, H, W, C0)

  const skips = [h];
  for (const block of layout.down) h = recordDownBlock(model, block, h, skips); //             (B, H/2, W/2, C1) ...
  if (layout.mid) h = recordMidBlock(model, layout.mid, h); //                                 (B, H/2^n, W/2^n, Cn)
  for (const block of layout.up) h = recordUpBlock(model, block, h, skips); //                 ... (B, H, W, C0)

  // The last activation is silu whatever act_fn says: UNet2DModel.conv_act.
  const norm = { path: "conv_norm_out", groups: config.normNumGroups, activation: "silu" } as const;
  const channels = config.outChannels;
  const input = normedInput(model, norm, "conv_out", [{ path: "conv_out", outputs: channels }], h);
  const wOut = parameters.conv("conv_out", [C0], channels, 3);
  const output = recording.add("conv_out", conv2d(input.x, wOut, { ...input, channels, isExact: true })).y; // (B, H, W, outChannels)

  // A score model's network learns the score times sigma; with Fourier features the timestep is that sigma.
  if (config.timeProjection.type !== "fourier") return output;
  const divisor = { rows: timesteps, position: time.position, conditions: time.conditions };
  return recording.add("divide_by_t", rareLayers().rescale(output, { divisor })).y; //                     (B, H, W, outChannels)
}

function checkSize({ blockOutChannels }: UNet2DConfig, height: number, width: number): void {
  const factor = 2 ** (blockOutChannels.length - 1);
  check(
    height % factor === 0 && width % factor === 0,
    () =>
      `UNet2DModel: height and width must be multiples of ${factor} for ${blockOutChannels.length} levels, ` +
      `got ${height} x ${width}`,
    InputError,
  );
}
