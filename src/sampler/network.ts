/** The two programs that a UNet is recorded into: the reverse-diffusion loop, and one bare forward pass. */
import { advanceStep } from "../kernels/advance_step";
import { initNoise } from "../kernels/init_noise";
import { type SamplerState, samplerState } from "../kernels/sampler_state";
import { samplerStep } from "../kernels/sampler_step";
import { type RecordedUNet2D, recordUNet2D } from "../models/unet_2d";
import type { UNet2DConfig } from "../models/unet_2d_config";
import { type Precision, Recording, type Tensor } from "../recording/recording";
import { check, InputError } from "../tensor/check";
import type { BHWC } from "../tensor/shape";

/** What the loop's command stream depends on; all else is uploaded per run. */
export interface LoopShape {
  /** Pictures. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Rows of the sampler's table: evaluations of the network. */
  readonly rows: number;
  /** Tensors that the sampler remembers. */
  readonly slots: number;
  /** Different classes among the network's images. */
  readonly conditions: number;
  readonly guided: boolean;
  /** The guided output's spread is pulled back to the conditional one's. */
  readonly rescales?: boolean;
  /** The predicted picture is thresholded dynamically. */
  readonly thresholds?: boolean;
  /** Draws of the static that come from the host, the first one included; 0 where the GPU draws for itself. */
  readonly hostDraws?: number;
  /** The first state is a noised picture, not the static alone. */
  readonly startsFromPicture?: boolean;
  /** The picture is kept outside a mask. */
  readonly masks?: boolean;
  /** How numbers lie in memory; f32 unless given. */
  readonly precision?: Precision;
}

export interface RecordedLoop {
  readonly unet: RecordedUNet2D;
  readonly state: SamplerState;
  /** (draws, B, H, W, C): the host's static, where it makes one; draw 0 must also lie in the state's x. */
  readonly noise: Tensor | undefined;
  /** (B, H, W, C): the picture that a run starts from or keeps. */
  readonly original: Tensor<BHWC> | undefined;
  /** (B, H, W, 1): 1 where the network paints. */
  readonly mask: Tensor<BHWC> | undefined;
}

type RareKernels = typeof import("../kernels/rare");

/** What `recordLoop` needs for a loop of this shape beyond the kernels that all have: fetched, since few do. */
export async function rareKernels(shape: LoopShape): Promise<RareKernels | undefined> {
  const { rescales, thresholds, hostDraws, startsFromPicture, masks } = shape;
  const isRare = rescales || thresholds || hostDraws || startsFromPicture || masks;
  return isRare ? import("../kernels/rare") : undefined;
}

/** Sections: `prepare` (the time embedding of all rows), `start` (the first state), `step` (network, update, counter). */
export function recordLoop(name: string, config: UNet2DConfig, shape: LoopShape, rare?: RareKernels) {
  const { count: B, height, width, rows, slots, conditions, guided, hostDraws = 0 } = shape;
  const C = config.inChannels;
  check(
    config.outChannels === C || config.outChannels === 2 * C,
    () =>
      `${name}: to generate, out_channels must be in_channels = ${C}, or twice that for a learned variance, ` +
      `got ${config.outChannels}`,
    InputError,
  );
  const recording = new Recording(name, shape.precision);
  const batch = guided ? 2 * B : B;
  const unet = recordUNet2D(recording, config, { batch, height, width, steps: rows, conditions });
  const shared = { modelInput: unet.sample, step: unet.position };
  const size: BHWC = [B, height, width, C];
  const state = samplerState(recording, size, { rows, slots, guided, ...shared });
  const noise = hostDraws > 0 ? recording.state("sampler/noise", [hostDraws, ...size]) : undefined;
  const keepsPicture = shape.startsFromPicture || shape.masks;
  const original = keepsPicture ? recording.state("sampler/original", size) : undefined;
  const mask = shape.masks ? recording.state<BHWC>("sampler/mask", [B, height, width, 1]) : undefined;

  const options = {
    rescale: shape.rescales ?? false,
    threshold: shape.thresholds ?? false,
    noiseFromHost: noise !== undefined,
  };
  if (options.rescale) recording.add("guidance_rescale", rare!.guidanceRescale(unet.output, state));
  if (options.threshold) recording.add("threshold", rare!.threshold(unet.output, state, options));
  if (noise && hostDraws > 1) recording.add("load_noise", rare!.loadNoise(noise, state));
  recording.add("sampler_step", samplerStep(unet.output, state, options));
  if (original && mask) recording.add("inpaint", rare!.inpaint(original, mask, state, noise));
  recording.add("advance_step", advanceStep(state.step));

  recording.section("start");
  if (original && shape.startsFromPicture) recording.add("add_noise", rare!.addNoise(original, state, options));
  else recording.add("init_noise", initNoise(state, options));
  return { recording, ends: { unet, state, noise, original, mask } satisfies RecordedLoop };
}

/** One evaluation of the network, each image with a timestep and a class of its own. */
export function recordForward(
  name: string,
  config: UNet2DConfig,
  batch: number,
  height: number,
  width: number,
  precision?: Precision,
) {
  const recording = new Recording(`${name} forward`, precision);
  const ends = recordUNet2D(recording, config, { batch, height, width, steps: 1, conditions: batch });
  return { recording, ends };
}
