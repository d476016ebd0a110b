/** Host twin of shaders/load_noise.wgsl. */
import kernel from "../../shaders/load_noise.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, paddedSizeOf, sameShape } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";
import type { SamplerState } from "./sampler_state";

const WORKGROUP_SIZE = 64;

/** Copies the row's draw out of `noise`, (draws, B, H, W, C) made by the host, to where `samplerStep` reads it. */
export function loadNoise(noise: Tensor, state: SamplerState) {
  const { denoised, table, step } = state;
  check(
    sameShape(noise.shape.slice(1), denoised.shape),
    () => `loadNoise: a draw must be ${formatShape(denoised.shape)}, got ${formatShape(noise.shape.slice(1))}`,
  );
  const count = paddedSizeOf(denoised.shape) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE },
    params: { count, draws: noise.shape[0] ?? 1 },
    reads: { table, step, noise },
    writes: { denoised },
    workgroups: linearWorkgroups("loadNoise", count, WORKGROUP_SIZE),
    flops: 0,
  } satisfies Dispatch;
}
