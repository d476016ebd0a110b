/** Host twin of shaders/add_noise.wgsl. */
import kernel from "../../shaders/add_noise.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, paddedSizeOf, sameShape } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 64;

/** Noises `original`, (B, H, W, C), to the level of the table's row `step`: the start of image to image. */
export function addNoise(
  original: Tensor<BHWC>,
  state: SamplerState,
  options: { readonly noiseFromHost?: boolean } = {},
) {
  const { x, modelInput, table, step, guided } = state;
  const [B, H, W, C] = x.shape;
  check(
    sameShape(original.shape, x.shape),
    () => `addNoise: original must be ${formatShape(x.shape)}, got ${formatShape(original.shape)}`,
  );
  const invocations = paddedSizeOf(x.shape) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, GUIDED: guided, NOISE_FROM_HOST: options.noiseFromHost ?? false },
    params: { images: B, pixels: H * W, channels: C },
    reads: { table, step, original },
    writes: { x, model_input: modelInput },
    workgroups: linearWorkgroups("addNoise", invocations, WORKGROUP_SIZE),
    flops: invocations * 4 * 40,
  } satisfies Dispatch;
}
