/** Host twin of shaders/rescale.wgsl. */
import kernel from "../../shaders/rescale.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { type BHWC, paddedSizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

/** One number per step and condition. */
export interface Divisor {
  /** (steps * conditions) */
  readonly rows: Tensor;
  /** u32 state: word 0 the step, word 4 + b the condition of image b. */
  readonly position: Tensor;
  readonly conditions: number;
}

export interface RescaleOptions {
  readonly scale?: number;
  readonly shift?: number;
  readonly divisor?: Divisor;
}

const WORKGROUP_SIZE = 64;

/** `y = (x * scale + shift) / divisor`, the divisor one number per image. */
export function rescale(x: Tensor<BHWC>, { scale = 1, shift = 0, divisor }: RescaleOptions) {
  const [, H, W, C] = x.shape;
  const count = paddedSizeOf(x.shape) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, HAS_DIVISOR: divisor !== undefined },
    params: {
      count,
      columns: Math.ceil(C / 4),
      channels: C,
      pixels: H * W,
      conditions: divisor?.conditions ?? 0,
      scale,
      shift,
    },
    // Bindings that a launch does not use still need a buffer: x is at hand.
    reads: { x, divisor: divisor?.rows ?? x, position: divisor?.position ?? x },
    // The ends of the network: what the sampler writes and reads.
    writes: { y: { shape: x.shape, isExact: true } },
    workgroups: linearWorkgroups("rescale", count, WORKGROUP_SIZE),
    flops: 3 * 4 * count,
  } satisfies Dispatch;
}
