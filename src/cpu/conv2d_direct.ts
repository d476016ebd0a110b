/** shaders/conv2d_register.wgsl and shaders/conv2d_subgroup.wgsl in TypeScript: a convolution of what is ready to be multiplied. */
import { addWindow, tapsOf, type WindowField } from "./convolution";
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
  const sums = new Float64Array(N);
  const taps = new Int32Array(params.kernel_height * params.kernel_width);
  const first = { data: x, channels: 4 * params.first_channels };
  const other = { data: second, channels: 4 * params.second_channels };
  const perImage = params.out_height * params.out_width;
  const bias = params.has_bias ? vectors.subarray(4 * params.bias_start) : new Float32Array(N);
  for (let p = 0; p < params.pixels; p++) {
    for (let n = 0; n < N; n++) sums[n] = bias[n]!;
    const b = Math.floor(p / perImage);
    if (params.conditions > 0) {
      const at =
        4 * ((position[0]! * params.conditions + position[4 + b]!) * params.table_columns + params.table_start);
      for (let n = 0; n < N; n++) sums[n]! += table[at + n]!;
    }
    tapsOf(params, p, taps);
    // Rows of w; with a stride each image has weights of its own.
    addWindow(sums, taps, first, other, w, (params.w_start + b * params.w_stride) / params.out_channels);
    const out = p * N;
    if (params.has_residual) for (let n = 0; n < N; n++) sums[n]! += residual[out + n]!;
    for (let n = 0; n < N; n++) y[out + n] = sums[n]! * params.scale;
  }
}
