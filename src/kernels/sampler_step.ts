/** Host twin of shaders/sampler_step.wgsl. */
import kernel from "../../shaders/sampler_step.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { MAX_SLOTS } from "../schedulers/form";
import { check } from "../tensor/check";
import { type BHWC, formatShape, paddedSizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 64;

export interface SamplerStepOptions {
  /** Dynamic thresholding: `threshold` must run before and fill `scales`. */
  readonly threshold?: boolean;
  /** Guidance rescale: `guidance_rescale` must run before and fill `scales`. */
  readonly rescale?: boolean;
  /** The static comes from the host: `load_noise` must run before and fill `denoised`. */
  readonly noiseFromHost?: boolean;
}

/**
 * One row of the table in `state`: turns the network's output into the next state and the network's next input.
 * `modelOutput` is (B or 2B, H, W, C), or with twice the channels where the network also predicts its variance.
 */
export function samplerStep(modelOutput: Tensor<BHWC>, state: SamplerState, options: SamplerStepOptions = {}) {
  const { x, modelInput, denoised, history, table, step, scales, guided } = state;
  const [B, H, W, C] = x.shape;
  const [images, , , outputChannels] = modelOutput.shape;
  check(
    images === (guided ? 2 * B : B) && modelOutput.shape[1] === H && modelOutput.shape[2] === W,
    () => `samplerStep: model_output must be ${formatShape(modelInput.shape)}, got ${formatShape(modelOutput.shape)}`,
  );
  check(
    outputChannels === C || outputChannels === 2 * C,
    () => `samplerStep: model_output must have ${C} or ${2 * C} channels, got ${outputChannels}`,
  );
  const slots = history.shape[0] ?? 0;
  check(slots <= MAX_SLOTS, () => `samplerStep: history must have at most ${MAX_SLOTS} slots, got ${slots}`);
  const invocations = paddedSizeOf(x.shape) / 4;
  return {
    shader: kernel,
    constants: {
      WORKGROUP_SIZE,
      GUIDED: guided,
      THRESHOLD: options.threshold ?? false,
      RESCALE: options.rescale ?? false,
      NOISE_FROM_HOST: options.noiseFromHost ?? false,
    },
    params: { images: B, pixels: H * W, channels: C, output_channels: outputChannels, slots },
    reads: { table, step, model_output: modelOutput, scales },
    writes: { x, model_input: modelInput, denoised, history },
    workgroups: linearWorkgroups("samplerStep", invocations, WORKGROUP_SIZE),
    flops: invocations * 4 * (30 + 2 * slots),
  } satisfies Dispatch;
}
