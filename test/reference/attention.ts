/** Attention as its definition, in f64, one query at a time. */

/** Rows of heads: `data` is (B, L, columns) row-major, the heads begin at `column`. */
export interface ReferenceHeads {
  readonly data: ArrayLike<number>;
  readonly L: number;
  readonly columns: number;
  readonly column: number;
}

/** softmax(scale * q k^T) v, head by head; returns (B, Lq, heads * D). */
export function attention(
  B: number,
  q: ReferenceHeads,
  k: ReferenceHeads,
  v: ReferenceHeads,
  { heads, headDim: D, scale }: { heads: number; headDim: number; scale: number },
): Float64Array {
  const y = new Float64Array(B * q.L * heads * D);
  const at = (x: ReferenceHeads, b: number, i: number, h: number) => (b * x.L + i) * x.columns + x.column + h * D;
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < q.L; i++) {
        const qRow = at(q, b, i, h);
        const scores = Array.from({ length: k.L }, (_, j) => {
          const kRow = at(k, b, j, h);
          let dot = 0;
          for (let d = 0; d < D; d++) dot += q.data[qRow + d]! * k.data[kRow + d]!;
          return dot * scale;
        });
        const peak = scores.reduce((a, b) => Math.max(a, b));
        const weights = scores.map((score) => Math.exp(score - peak));
        const total = weights.reduce((a, b) => a + b);
        const yRow = ((b * q.L + i) * heads + h) * D;
        for (let j = 0; j < k.L; j++) {
          const vRow = at(v, b, j, h);
          for (let d = 0; d < D; d++) y[yRow + d]! += (weights[j]! / total) * v.data[vRow + d]!;
        }
      }
    }
  }
  return y;
}
