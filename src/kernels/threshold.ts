/** Host twin of shaders/threshold.wgsl. */
import kernel from "../../shaders/threshold.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { type BHWC, paddedSizeOf } from "../tensor/shape";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 256;

/** Fills `scales` with each image's threshold for the row to come; `guidanceRescale` must have run before where used. */
export function threshold(
  modelOutput: Tensor<BHWC>,
  state: SamplerState,
  options: { readonly rescale?: boolean } = {},
) {
  const { x, table, step, scales, guided } = state;
  const [B, H, W, C] = x.shape;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, GUIDED: guided, RESCALE: options.rescale ?? false },
    params: { images: B, pixels: H * W, channels: C, output_channels: modelOutput.shape[3] },
    reads: { table, step, model_output: modelOutput, x },
    writes: { scales },
    workgroups: [B, 1, 1],
    flops: paddedSizeOf(x.shape) * 5 * 6,
  } satisfies Dispatch;
}
