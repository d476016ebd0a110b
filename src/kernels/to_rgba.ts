/** Host twin of shaders/to_rgba.wgsl. */
import kernel from "../../shaders/to_rgba.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

const WORKGROUP_SIZE = 64;

/**
 * Pictures in [-1, 1], (B, H, W, C) with one, three or four channels, as one word of RGBA bytes per pixel: the bits of
 * `pixels`, (B * H * W), are u32.
 */
export function toRgba(x: Tensor<BHWC>) {
  const [B, H, W, C] = x.shape;
  check(C === 1 || C === 3 || C === 4, () => `toRgba: x must have 1, 3 or 4 channels, got ${formatShape(x.shape)}`);
  const count = B * H * W;
  const shape: readonly [pixels: number] = [count];
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, CHANNELS: C },
    params: { count },
    reads: { x },
    writes: { pixels: { shape } },
    workgroups: linearWorkgroups("toRgba", Math.ceil(count / 4), WORKGROUP_SIZE),
    flops: 12 * count,
  } satisfies Dispatch;
}
