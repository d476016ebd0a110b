/** Host twin of shaders/inpaint.wgsl. */
import kernel from "../../shaders/inpaint.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, paddedSizeOf, sameShape } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 64;

/**
 * Puts the state outside `mask`, (B, H, W, 1), back to `original`, (B, H, W, C), at the next row's noise level. Stands
 * between `samplerStep` and `advanceStep`. With `noise`, (draws, B, H, W, C), the static is the host's draw 0.
 */
export function inpaint(original: Tensor<BHWC>, mask: Tensor<BHWC>, state: SamplerState, noise?: Tensor) {
  const { x, modelInput, table, step, guided } = state;
  const [B, H, W, C] = x.shape;
  check(
    sameShape(original.shape, x.shape),
    () => `inpaint: original must be ${formatShape(x.shape)}, got ${formatShape(original.shape)}`,
  );
  check(
    sameShape(mask.shape, [B, H, W, 1]),
    () => `inpaint: mask must be ${formatShape([B, H, W, 1])}, got ${formatShape(mask.shape)}`,
  );
  check(
    !noise || sameShape(noise.shape.slice(1), x.shape),
    () => `inpaint: a draw must be ${formatShape(x.shape)}, got ${formatShape(noise?.shape.slice(1) ?? [])}`,
  );
  const invocations = paddedSizeOf(x.shape) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, GUIDED: guided, NOISE_FROM_HOST: noise !== undefined },
    params: { images: B, pixels: H * W, channels: C },
    // A binding must hold something; without the host's static nothing is read from it.
    reads: { table, step, original, mask, noise: noise ?? original },
    writes: { x, model_input: modelInput },
    workgroups: linearWorkgroups("inpaint", invocations, WORKGROUP_SIZE),
    flops: invocations * 4 * 40,
  } satisfies Dispatch;
}
