/**
 * Where attention looks: the weights that the kernel never stores, from the queries and keys that it read.
 *
 *   weights[key] = softmax over the keys of  scale * <q[query], k[key]>      Vaswani et al. 2017, eq. 1
 */
import type { RecordedDispatch } from "../recording/recording";
import { check, InputError } from "../tensor/check";

/** How the heads lie in their tensors: the fields of the attention kernels' `Params`, strides and columns in vec4s. */
const FIELDS = ["queries", "keys", "head_columns", "q_stride", "k_stride", "q_column", "k_column"] as const;
type Geometry = Readonly<Record<(typeof FIELDS)[number], number>>;

/** Whether the dispatch is an attention whose weights can be had. */
export function isAttention({ params = {}, reads }: Pick<RecordedDispatch, "params" | "reads">): boolean {
  return FIELDS.every((field) => field in params) && "q" in reads && "k" in reads;
}

export class AttentionMap {
  /** Images in the batch, heads, and the picture of tokens: square where the tensor has forgotten it. */
  readonly images: number;
  readonly heads: number;
  readonly height: number;
  readonly width: number;
  readonly #geometry: Geometry;
  readonly #scale: number;
  readonly #q: Float32Array;
  readonly #k: Float32Array;

  /** `q` and `k` are the kernel's inputs as they lie in memory, padded. */
  constructor(dispatch: Pick<RecordedDispatch, "params" | "reads" | "label">, q: Float32Array, k: Float32Array) {
    check(isAttention(dispatch), () => `${dispatch.label}: must be an attention`, InputError);
    // A kernel that stores the weights says how many heads there are; others tell it by the width of what they write.
    const params = dispatch.params as Geometry & { scale: number; heads?: number; y_stride?: number };
    const { scale, heads, y_stride = 0, ...geometry } = params;
    const { shape } = dispatch.reads.q!;
    this.#geometry = geometry;
    this.#scale = scale;
    this.#q = q;
    this.#k = k;
    this.images = shape[0]!;
    this.heads = heads ?? y_stride / geometry.head_columns;
    const side = Math.sqrt(geometry.queries);
    const square: [number, number] = Number.isInteger(side) ? [side, side] : [1, geometry.queries];
    [this.height, this.width] = shape.length === 4 ? [shape[1]!, shape[2]!] : square;
  }

  /** How much the query token looks at each key token; the weights add up to 1. */
  weights(image: number, head: number, query: number): Float32Array<ArrayBuffer> {
    const { queries, keys, head_columns, q_stride, k_stride, q_column, k_column } = this.#geometry;
    check(
      image >= 0 && image < this.images && head >= 0 && head < this.heads && query >= 0 && query < queries,
      () =>
        `attention: must be one of ${this.images} images, ${this.heads} heads and ${queries} queries, got ${image}, ${head}, ${query}`,
      InputError,
    );
    const D = 4 * head_columns;
    const q0 = 4 * ((image * queries + query) * q_stride + q_column) + head * D;
    const scores = Float64Array.from({ length: keys }, (_, key) => {
      const k0 = 4 * ((image * keys + key) * k_stride + k_column) + head * D;
      let sum = 0;
      for (let d = 0; d < D; d++) sum += this.#q[q0 + d]! * this.#k[k0 + d]!;
      return sum * this.#scale;
    });
    const largest = scores.reduce((a, b) => Math.max(a, b));
    const weights = scores.map((score) => Math.exp(score - largest));
    const total = weights.reduce((a, b) => a + b);
    return Float32Array.from(weights, (weight) => weight / total);
  }
}
