/**
 * Host twin of shaders/attention_weights.wgsl and attention_values.wgsl: attention in two matrix products, for adapters that
 * run on a CPU and share loads within a subgroup.
 */
import valuesKernel from "../../shaders/attention_values.wgsl";
import weightsKernel from "../../shaders/attention_weights.wgsl";
import type { Recording, Tensor } from "../recording/recording";
import { type Attention, strideOf } from "./attention";
import { linearWorkgroups } from "./geometry";

/** Few, so that short sequences make enough workgroups for all cores. */
const WORKGROUP_SIZE = 16;
/** Queries of a subgroup. */
const QUERIES = 16;
/** Keys come in such numbers that every lane has the same share of them. */
const KEYS_TOGETHER = 8;
/** Subgroup sizes that the kernels are written for: those of the software adapters. */
const SUBGROUP_SIZES = [4, 8];

/** Weights that are worth storing: 64 MiB. */
const MOST_WEIGHTS = 2 ** 24;

/** Whether the subgroups can share the work, each lane with vec4s of its own in every head, and the weights fit. */
export function suitsStagedAttention(attention: Attention, subgroupSize: number | null): subgroupSize is number {
  const { headDim, images, heads, queries, keys } = attention;
  if (images * heads * queries * keys > MOST_WEIGHTS) return false;
  return subgroupSize !== null && SUBGROUP_SIZES.includes(subgroupSize) && (headDim / 4) % subgroupSize === 0;
}

/** Records both steps, the second of which writes `y`. */
export function recordStagedAttention(
  recording: Recording,
  label: string,
  attention: Attention,
  subgroupSize: number,
  y: Tensor,
): void {
  const { q, k, v, heads, headDim, scale, images, queries, keys } = attention;
  const padded = Math.ceil(keys / KEYS_TOGETHER) * KEYS_TOGETHER;
  const columns = headDim / 4;
  const groups = Math.ceil(queries / QUERIES);
  const launch = { constants: { WORKGROUP_SIZE }, knobs: { LANES: subgroupSize } };
  const shared = { queries, keys, heads, groups, head_columns: columns };
  const count = images * heads * groups;
  const { p } = recording.add(`${label}.weights`, {
    ...launch,
    shader: weightsKernel,
    params: {
      ...shared,
      padded_keys: padded,
      count,
      q_stride: strideOf(q),
      k_stride: strideOf(k),
      q_column: (q.column ?? 0) / 4,
      k_column: (k.column ?? 0) / 4,
      scale,
    },
    reads: { q: q.tensor, k: k.tensor },
    writes: { p: { shape: [images, heads, queries, padded] as const } },
    workgroups: linearWorkgroups("attention", count * subgroupSize, WORKGROUP_SIZE),
    flops: 2 * images * heads * queries * keys * headDim,
  });
  recording.add(label, {
    ...launch,
    shader: valuesKernel,
    params: {
      ...shared,
      padded_keys: padded / 4,
      count: count * columns,
      v_stride: strideOf(v),
      y_stride: (heads * headDim) / 4,
      v_column: (v.column ?? 0) / 4,
    },
    reads: { p: p as Tensor, v: v.tensor },
    writes: { y },
    workgroups: linearWorkgroups("attention", count * columns, WORKGROUP_SIZE),
    flops: 2 * images * heads * queries * keys * headDim,
  });
}
