/** Host twin of shaders/layer_norm.wgsl. */
import kernel from "../../shaders/layer_norm.wgsl?late";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, pad4, type Shape, sizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

const WORKGROUP_SIZE = 32;

/** Normalises each row of `x`, (..., D), to mean 0 and variance 1, then scales by `gamma` and shifts by `beta`, both (D). */
export function layerNorm<S extends Shape>(x: Tensor<S>, gamma: Tensor, beta: Tensor, eps: number) {
  const D = x.shape[x.shape.length - 1]!;
  const rows = sizeOf(x.shape) / D;
  for (const [name, vector] of Object.entries({ gamma, beta })) {
    check(
      vector.shape.length === 1 && vector.shape[0] === D,
      () => `layerNorm: ${name} must be (${D}), got ${formatShape(vector.shape)}`,
    );
  }
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE },
    params: { rows, columns: pad4(D) / 4, channels: D, eps },
    reads: { x, gamma, beta },
    writes: { y: { shape: x.shape } },
    workgroups: linearWorkgroups("layerNorm", rows, WORKGROUP_SIZE),
    flops: 8 * rows * D,
  } satisfies Dispatch;
}
