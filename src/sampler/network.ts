/** The two programs that a UNet is recorded into: the reverse-diffusion loop, and one bare forward pass. */
import { advanceStep } from "../kernels/advance_step";
import { initNoise } from "../kernels/init_noise";
import { type SamplerState, samplerState } from "../kernels/sampler_state";
import { samplerStep } from "../kernels/sampler_step";
import { type RecordedUNet2D, recordUNet2D } from "../models/unet_2d";
import type { UNet2DConfig } from "../models/unet_2d_config";
import { Recording } from "../recording/recording";
import { check, InputError } from "../tensor/check";

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
}

export interface RecordedLoop {
  readonly unet: RecordedUNet2D;
  readonly state: SamplerState;
}

/** Sections: `prepare` (the time embedding of all rows), `start` (the static), `step` (network, update, counter). */
export function recordLoop(name: string, config: UNet2DConfig, shape: LoopShape) {
  const { count: B, height, width, rows, slots, conditions, guided } = shape;
  const C = config.inChannels;
  check(
    config.outChannels === C || config.outChannels === 2 * C,
    () =>
      `${name}: to generate, out_channels must be in_channels = ${C}, or twice that for a learned variance, ` +
      `got ${config.outChannels}`,
    InputError,
  );
  const recording = new Recording(name);
  const batch = guided ? 2 * B : B;
  const unet = recordUNet2D(recording, config, { batch, height, width, steps: rows, conditions });
  const shared = { modelInput: unet.sample, step: unet.position };
  const state = samplerState(recording, [B, height, width, C], { rows, slots, guided, ...shared });
  recording.add("sampler_step", samplerStep(unet.output, state));
  recording.add("advance_step", advanceStep(state.step));
  recording.section("start");
  recording.add("init_noise", initNoise(state));
  return { recording, ends: { unet, state } satisfies RecordedLoop };
}

/** One evaluation of the network, each image with a timestep and a class of its own. */
export function recordForward(name: string, config: UNet2DConfig, batch: number, height: number, width: number) {
  const recording = new Recording(`${name} forward`);
  const ends = recordUNet2D(recording, config, { batch, height, width, steps: 1, conditions: batch });
  return { recording, ends };
}
