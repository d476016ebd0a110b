/** Host twin of shaders/add_noise.wgsl. */
import kernel from "../../shaders/add_noise.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, paddedSizeOf, sameShape } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 64;

export interface AddNoiseOptions {
  /** The static lies in the state's x already. */
  readonly noiseFromHost?: boolean;
  /** The tensors are a band of one picture that is too large for a binding: the static is the whole picture's. */
  readonly band?: { readonly firstPixel: number; readonly allPixels: number };
}

/** Noises `original`, (B, H, W, C), to the level of the table's row `step`: the start of image to image. */
export function addNoise(original: Tensor<BHWC>, state: SamplerState, options: AddNoiseOptions = {}) {
  const { x, modelInput, table, step, guided } = state;
  const [B, H, W, C] = x.shape;
  check(
    sameShape(original.shape, x.shape),
    () => `addNoise: original must be ${formatShape(x.shape)}, got ${formatShape(original.shape)}`,
  );
  const { firstPixel, allPixels } = options.band ?? { firstPixel: 0, allPixels: H * W };
  check(
    firstPixel + H * W <= allPixels && (B === 1 || allPixels === H * W),
    () => `addNoise: a band must lie in one picture of ${allPixels} pixels, got ${B} x ${H * W} from ${firstPixel}`,
  );
  const invocations = paddedSizeOf(x.shape) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, GUIDED: guided, NOISE_FROM_HOST: options.noiseFromHost ?? false },
    params: { images: B, pixels: H * W, channels: C, first_pixel: firstPixel, all_pixels: allPixels },
    reads: { table, step, original },
    writes: { x, model_input: modelInput },
    workgroups: linearWorkgroups("addNoise", invocations, WORKGROUP_SIZE),
    flops: invocations * 4 * 40,
  } satisfies Dispatch;
}
