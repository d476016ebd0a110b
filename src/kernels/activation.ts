/** Host twin of shaders/activation.wgsl. */
import kernel from "../../shaders/activation.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { paddedSizeOf, type Shape } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

/** The non-linearities that kernels can apply, numbered as in shaders/lib/activations.wgsl. */
export const ACTIVATIONS = { identity: 0, silu: 1, gelu: 2, mish: 3, relu: 4 } as const;
export type Activation = keyof typeof ACTIVATIONS;

const WORKGROUP_SIZE = 64;

/** `y = f(x)`, element by element; `x` of any shape. */
export function activation<S extends Shape>(x: Tensor<S>, f: Activation) {
  const count = paddedSizeOf(x.shape) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, ACTIVATION: ACTIVATIONS[f] },
    params: { count },
    reads: { x },
    writes: { y: { shape: x.shape } },
    workgroups: linearWorkgroups("activation", count, WORKGROUP_SIZE),
    flops: count * 4 * 4,
  } satisfies Dispatch;
}
