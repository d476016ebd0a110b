/** Host twin of shaders/guidance_rescale.wgsl. */
import kernel from "../../shaders/guidance_rescale.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, paddedSizeOf } from "../tensor/shape";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 256;

/** Fills `scales` with the factor by which each image's guided output must shrink; how far, the table's header says. */
export function guidanceRescale(modelOutput: Tensor<BHWC>, state: SamplerState) {
  const { x, table, scales, guided } = state;
  const [B, H, W, C] = x.shape;
  check(guided, () => "guidanceRescale: there must be guidance to rescale, got a sampler without");
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE },
    params: { images: B, pixels: H * W, channels: C, output_channels: modelOutput.shape[3] },
    reads: { table, model_output: modelOutput },
    writes: { scales },
    workgroups: [B, 1, 1],
    flops: paddedSizeOf(x.shape) * 2 * 8,
  } satisfies Dispatch;
}
