/** Host twin of shaders/init_noise.wgsl. */
import kernel from "../../shaders/init_noise.wgsl";
import type { Dispatch } from "../recording/dispatch";
import { paddedSizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 64;

/** Fills the state with draw 0 of the static, scaled for the table in `state`, and makes the network's first input. */
export function initNoise(state: SamplerState, options: { readonly noiseFromHost?: boolean } = {}) {
  const { x, modelInput, table, guided } = state;
  const [B, H, W, C] = x.shape;
  const invocations = paddedSizeOf(x.shape) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, GUIDED: guided, NOISE_FROM_HOST: options.noiseFromHost ?? false },
    params: { images: B, pixels: H * W, channels: C },
    reads: { table },
    writes: { x, model_input: modelInput },
    workgroups: linearWorkgroups("initNoise", invocations, WORKGROUP_SIZE),
    flops: invocations * 4 * 40,
  } satisfies Dispatch;
}
