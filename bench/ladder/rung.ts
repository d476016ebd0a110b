/**
 * A ladder is one problem and the kernels that solve it, from naive to shipped; a rung is one of them.
 *
 * A rung records what it launches like any host twin, so the engine's own runtime plans, compiles and times it.
 */
import type { Target } from "../../src/kernels/variants";
import type { Recording, Tensor } from "../../src/recording/recording";
import type { Shape } from "../../src/tensor/shape";

/** Numbers that a rung may read, in the GPU's padded layout. */
export interface Operand {
  readonly shape: Shape;
  readonly numbers: () => Float32Array<ArrayBuffer>;
}

export interface Rung {
  /** The kernel's file without its ending; of several files, what they have in common. */
  readonly name: string;
  /** Subgroup sizes that the kernel is written for; none where it does not use subgroups. */
  readonly lanes?: readonly number[];
  /** The largest difference from the reference that rounding explains, where the result's standard deviation is 1. */
  readonly tolerance: number;
  /** Records the launches; `operand` gives the tensor of one of the ladder's operands. Returns the result. */
  readonly record: (recording: Recording, operand: (name: string) => Tensor, target: Target) => Tensor;
}

export interface Ladder {
  /** The problem and its sizes, for people. */
  readonly title: string;
  /** Of the problem, not of a kernel: Winograd's fewer multiplications show as more GFLOP/s. */
  readonly flops: number;
  readonly operands: Readonly<Record<string, Operand>>;
  /** The result's shape, and its numbers in f64, without padding. */
  readonly shape: Shape;
  readonly expected: () => Float64Array;
  readonly rungs: readonly Rung[];
}

/** Why a rung cannot run on this adapter; undefined where it can. */
export function obstacle({ lanes }: Rung, { subgroupSize }: Target): string | undefined {
  if (!lanes) return undefined;
  if (subgroupSize === null) return "wants subgroups of one known size";
  return lanes.includes(subgroupSize) ? undefined : `wants subgroups of ${lanes.join(", ")}, not ${subgroupSize}`;
}

/** Subgroup sizes that a workgroup of 64 holds whole. */
export const LANES = [4, 8, 16, 32, 64] as const;

/** Deterministic numbers, about normal, standard deviation 1: sums of four uniform ones from a generator of 32 bits. */
export function noise(count: number, seed: number, std = 1): Float32Array<ArrayBuffer> {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes, 3rd edition, section 7.1
    return state / 2 ** 32 - 0.5;
  };
  const scale = std * Math.sqrt(3); // the variance of a uniform number is 1 / 12
  return Float32Array.from({ length: count }, () => scale * (uniform() + uniform() + uniform() + uniform()));
}
