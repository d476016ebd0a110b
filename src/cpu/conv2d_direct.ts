/** shaders/conv2d_register.wgsl and shaders/conv2d_subgroup.wgsl in TypeScript: a convolution of what is ready to be multiplied. */
import { Product, type WindowField } from "./convolution";
import type { Launch } from "./launch";

type Binding = "x" | "second" | "w" | "vectors" | "table" | "position" | "residual" | "y";
type Param =
  | WindowField
  | "pixels"
  | "first_channels"
  | "second_channels"
  | "out_channels"
  | "w_start"
  | "w_stride"
  | "bias_start"
  | "has_bias"
  | "table_start"
  | "table_columns"
  | "conditions"
  | "has_residual"
  | "scale";

/** y[b,p,n] = (bias[n] + time[n] + residual[b,p,n] + sum over taps t, channels k of x[b, p*stride + t - pad, k] * w[t,k,n]) * scale */
export function conv2dDirect({
  f32: { x, second, w, vectors, table, residual, y },
  u32: { position },
  params,
}: Launch<Binding, Param>): void {
  const N = 4 * params.out_channels;
  const first = { data: x, channels: 4 * params.first_channels };
  const other = { data: second, channels: 4 * params.second_channels };
  const product = new Product(params, [first, other], [], N);
  const perImage = params.out_height * params.out_width;
  const added = new Float64Array(N);
  for (let p = 0; p < params.pixels; p += perImage) {
    const image = p / perImage;
    for (let n = 0; n < N; n++) added[n] = params.has_bias ? vectors[4 * params.bias_start + n]! : 0;
    if (params.conditions > 0) {
      const row = position[0]! * params.conditions + position[4 + image]!;
      const at = 4 * (row * params.table_columns + params.table_start);
      for (let n = 0; n < N; n++) added[n]! += table[at + n]!;
    }
    // With a stride each image has weights of its own.
    const start = 4 * (params.w_start + image * params.w_stride);
    product.forEachPixel(p, p + perImage, w, start, (pixel, sums, at) => {
      const out = pixel * N;
      for (let n = 0; n < N; n++) {
        const rest = params.has_residual ? residual[out + n]! : 0;
        y[out + n] = (sums[at + n]! + added[n]! + rest) * params.scale;
      }
    });
  }
}
