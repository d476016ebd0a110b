/** One launch of one kernel, as plain data: what a host twin returns. */
import type { Shape } from "../tensor/shape";
import type { Tensor } from "./recording";
import type { Shader } from "./shader";

/** Where a result goes: a new activation of this shape, or a tensor that exists already and is written in place. */
export type WriteTarget<S extends Shape = Shape> =
  | {
      readonly shape: S;
      readonly tail?: number;
      /** Stays f32 where other activations are f16. */
      readonly isExact?: boolean;
    }
  | Tensor<S>;

/** What a dispatch computes, in terms that another algorithm for the same can start from. */
export interface Operation {
  readonly kind: string;
}

export interface Dispatch<
  Writes extends Readonly<Record<string, WriteTarget>> = Readonly<Record<string, WriteTarget>>,
> {
  readonly shader: Shader;
  /** Values of the kernel's `override`s. */
  readonly constants?: Readonly<Record<string, number | boolean>>;
  /** Values of the kernel's named `const`s, which WGSL needs before compilation. */
  readonly knobs?: Readonly<Record<string, number>>;
  /** Fields of the kernel's `Params`. */
  readonly params?: Readonly<Record<string, number>>;
  /** Buffers that the kernel only reads, by the binding's name. */
  readonly reads: Readonly<Record<string, Tensor>>;
  /** Buffers that it writes, by the binding's name. */
  readonly writes: Writes;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Floating-point operations (a multiply-add counts two), for the inspector and the benchmark. */
  readonly flops: number;
  /** Present where there are several algorithms to choose from. */
  readonly operation?: Operation;
}
