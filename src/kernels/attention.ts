/** Host twin of shaders/attention.wgsl and shaders/attention_narrow.wgsl. */
import kernel from "../../shaders/attention.wgsl?late";
import narrowKernel from "../../shaders/attention_narrow.wgsl?late=tiled";
import type { Dispatch, Operation } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, pad4, type Shape, sizeOf } from "../tensor/shape";
import type { Choice } from "./choices";

/** Queries that a lane of the kernel serves. */
const QUERIES_PER_GROUP = 8;
/** Lanes per workgroup; also the vec4s of a head that one workgroup can write. */
const LANES = 64;
/** vec4s of the kernel's array of weights. */
const WEIGHTS = 256;
/** Heads up to this width go to attention_narrow: the scores that it computes twice cost less than the barriers it saves. */
const NARROW_HEAD = 32;
/** Invocations per workgroup, queries and vec4s of a head per invocation, there. */
const NARROW = { workgroup: 32, queries: 4, columns: 4 };
/** Rows of heads side by side: heads * headDim numbers from `column` on in each row of (B, L, columns) or (B, H, W, columns). */
export interface Heads {
  readonly tensor: Tensor;
  readonly column?: number;
}

export interface AttentionOptions {
  readonly heads: number;
  /** A multiple of four, 4 to 512. */
  readonly headDim: number;
  /** What the scores are multiplied with; 1 / sqrt(headDim) unless given. */
  readonly scale?: number | undefined;
}

/** All that an attention is, whatever computes it. */
export interface Attention extends Operation {
  readonly kind: "attention";
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
  readonly heads: number;
  readonly headDim: number;
  readonly scale: number;
  readonly images: number;
  readonly queries: number;
  readonly keys: number;
}

/**
 * Softmax attention of every query over all keys, head by head: (B, Lq, heads * headDim).
 * `q`, `k` and `v` may be columns of one tensor; for cross attention `k` and `v` have a length of their own.
 */
export function attention({ q, k, v }: { q: Heads; k: Heads; v: Heads }, options: AttentionOptions) {
  const { heads, headDim, scale = 1 / Math.sqrt(headDim) } = options;
  check(
    Number.isInteger(headDim) && headDim % 4 === 0 && headDim >= 4 && headDim <= 512,
    () => `attention: the head dimension must be a multiple of 4 from 4 to 512, got ${headDim}`,
  );
  check(Number.isInteger(heads) && heads > 0, () => `attention: heads must be a positive integer, got ${heads}`);
  const [B, Lq] = rowsOf("q", q, heads * headDim);
  const [Bk, Lk] = rowsOf("k", k, heads * headDim);
  const [Bv, Lv] = rowsOf("v", v, heads * headDim);
  check(
    Bk === B && Bv === B && Lv === Lk,
    () =>
      `attention: k and v must be (${B}, L, columns), got ${[k, v].map((x) => formatShape(x.tensor.shape)).join(" and ")}`,
  );
  const shape: readonly [B: number, L: number, D: number] = [B, Lq, heads * headDim];
  const operation = { q, k, v, heads, headDim, scale, images: B, queries: Lq, keys: Lk };
  return { ...attentionLaunch({ kind: "attention", ...operation }), writes: { y: { shape } } } satisfies Dispatch;
}

/** The launch of one kernel: the one that `choice` names, or the one that suits the head's width. */
export function attentionLaunch(operation: Attention, choice?: Choice) {
  const { q, k, v, heads, headDim, scale, images, queries, keys } = operation;
  const isNarrow = choice ? choice.algorithm === "narrow" : headDim <= NARROW_HEAD;
  const launch = isNarrow ? narrow(headDim / 4, queries, choice?.workgroup) : wide(headDim / 4, queries);
  return {
    shader: launch.shader,
    constants: { WORKGROUP_SIZE: launch.lanes },
    params: {
      ...launch.params,
      queries,
      keys,
      head_columns: headDim / 4,
      q_stride: strideOf(q),
      k_stride: strideOf(k),
      v_stride: strideOf(v),
      y_stride: (heads * headDim) / 4,
      q_column: (q.column ?? 0) / 4,
      k_column: (k.column ?? 0) / 4,
      v_column: (v.column ?? 0) / 4,
      scale,
    },
    reads: { q: q.tensor, k: k.tensor, v: v.tensor },
    workgroups: [launch.queryTiles, heads * launch.params.chunks, images] as const,
    flops: 4 * images * heads * queries * keys * headDim,
    operation,
  };
}

function narrow(columns: number, Lq: number, workgroup = NARROW.workgroup) {
  const chunks = Math.ceil(columns / NARROW.columns);
  return {
    shader: narrowKernel,
    lanes: workgroup,
    params: { chunks },
    queryTiles: Math.ceil(Lq / (NARROW.queries * workgroup)),
  };
}

/** How a workgroup's lanes spread over a head of so many vec4s: all of it where it fits, more queries where it is narrow. */
function wide(head: number, Lq: number) {
  const chunks = Math.ceil(head / LANES);
  const columns = Math.ceil(head / chunks);
  const groups = Math.max(1, Math.min(8, Math.floor(LANES / columns), Math.floor(Lq / QUERIES_PER_GROUP)));
  const tile = Math.floor(WEIGHTS / (2 * groups) / 4) * 4;
  return {
    shader: kernel,
    lanes: LANES,
    params: { chunks, columns, groups, tile },
    queryTiles: Math.ceil(Lq / (QUERIES_PER_GROUP * groups)),
  };
}

/** vec4s from one row to the next. */
export function strideOf({ tensor: { shape } }: Heads): number {
  return pad4(shape[shape.length - 1]!) / 4;
}

function rowsOf(name: string, { tensor, column = 0 }: Heads, width: number): [B: number, L: number] {
  const shape: Shape = tensor.shape;
  const columns = shape[shape.length - 1] ?? 0;
  check(
    shape.length >= 3 && column % 4 === 0 && column >= 0 && column + width <= columns,
    () => `attention: ${name} must have columns ${column} to ${column + width}, in fours, got ${formatShape(shape)}`,
  );
  return [shape[0]!, sizeOf(shape) / (shape[0]! * columns)];
}
