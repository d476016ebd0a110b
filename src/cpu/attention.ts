/** shaders/attention.wgsl and shaders/attention_narrow.wgsl in TypeScript: here the weights of one query are stored. */
import type { Launch } from "./launch";

type Params =
  | "queries"
  | "keys"
  | "head_columns"
  | "q_stride"
  | "k_stride"
  | "v_stride"
  | "y_stride"
  | "q_column"
  | "k_column"
  | "v_column"
  | "scale";

/** y[b,i,h,:] = sum_j p[i,j] v[b,j,h,:]      p[i,:] = softmax_j(scale * q[b,i,h,:] . k[b,j,h,:]) */
export function attention({ f32: { q, k, v, y }, params, workgroups }: Launch<"q" | "k" | "v" | "y", Params>): void {
  const { queries, keys, scale } = params;
  const D = 4 * params.head_columns;
  const heads = params.y_stride / params.head_columns;
  const [, , images] = workgroups;
  const [qStride, kStride, vStride, yStride] = [params.q_stride, params.k_stride, params.v_stride, params.y_stride].map(
    (stride) => 4 * stride,
  ) as [number, number, number, number];
  const weights = new Float64Array(keys);
  const sum = new Float64Array(D);
  for (let b = 0; b < images; b++) {
    for (let head = 0; head < heads; head++) {
      const k0 = b * keys * kStride + 4 * params.k_column + head * D;
      const v0 = b * keys * vStride + 4 * params.v_column + head * D;
      for (let i = 0; i < queries; i++) {
        const qi = (b * queries + i) * qStride + 4 * params.q_column + head * D;
        let largest = -Infinity;
        for (let j = 0; j < keys; j++) {
          const kj = k0 + j * kStride;
          let score = 0;
          for (let d = 0; d < D; d++) score += q[qi + d]! * k[kj + d]!;
          weights[j] = score * scale;
          if (weights[j]! > largest) largest = weights[j]!;
        }
        let total = 0;
        for (let j = 0; j < keys; j++) {
          weights[j] = Math.exp(weights[j]! - largest);
          total += weights[j]!;
        }
        sum.fill(0);
        for (let j = 0; j < keys; j++) {
          const p = weights[j]! / total;
          const vj = v0 + j * vStride;
          for (let d = 0; d < D; d++) sum[d]! += p * v[vj + d]!;
        }
        y.set(sum, (b * queries + i) * yStride + head * D);
      }
    }
  }
}
