/** Host twins of shaders/from_nchw.wgsl and shaders/to_nchw.wgsl: between PyTorch's order of a picture and the engine's. */
import fromKernel from "../../shaders/from_nchw.wgsl";
import toKernel from "../../shaders/to_nchw.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, pad4, paddedSizeOf, sizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

const WORKGROUP_SIZE = 64;

/** `x`, the numbers of a (B, C, H, W) tensor in a row, as (B, H, W, C). */
export function fromNchw(x: Tensor<readonly [size: number]>, shape: BHWC) {
  const [, H, W, C] = shape;
  check(
    x.shape.length === 1 && x.shape[0] === sizeOf(shape),
    () => `fromNchw: x must be (${sizeOf(shape)}), got ${formatShape(x.shape)}`,
  );
  const count = paddedSizeOf(shape) / 4;
  return {
    shader: fromKernel,
    constants: { WORKGROUP_SIZE },
    params: { count, channels: C, pixels: H * W },
    reads: { x },
    writes: { y: { shape } },
    workgroups: linearWorkgroups("fromNchw", count, WORKGROUP_SIZE),
    flops: 0,
  } satisfies Dispatch;
}

/** `x`, (B, H, W, C), as the numbers of a (B, C, H, W) tensor in a row. */
export function toNchw(x: Tensor<BHWC>) {
  const [, H, W, C] = x.shape;
  const size = sizeOf(x.shape);
  const shape: readonly [size: number] = [size];
  return {
    shader: toKernel,
    constants: { WORKGROUP_SIZE },
    params: { size, channels: C, stride: pad4(C), pixels: H * W },
    reads: { x },
    writes: { y: { shape } },
    workgroups: linearWorkgroups("toNchw", Math.ceil(size / 4), WORKGROUP_SIZE),
    flops: 0,
  } satisfies Dispatch;
}
