/** shaders/from_nchw.wgsl and shaders/to_nchw.wgsl in TypeScript. */
import type { Launch } from "./launch";

/** y[b,h,w,c] = x[b,c,h,w], padded with zeros */
export function fromNchw({
  f32: { x, y },
  params: { count, channels: C, pixels: P },
}: Launch<"x" | "y", "count" | "channels" | "pixels">): void {
  const stride = 4 * Math.ceil(C / 4);
  y.fill(0, 0, 4 * count);
  for (let p = 0; p < (4 * count) / stride; p++) {
    const image = Math.floor(p / P);
    for (let c = 0; c < C; c++) y[p * stride + c] = x[(image * C + c) * P + (p % P)]!;
  }
}

/** y[b,c,h,w] = x[b,h,w,c], zeros after the end */
export function toNchw({
  f32: { x, y },
  params: { size, channels: C, stride, pixels: P },
}: Launch<"x" | "y", "size" | "channels" | "stride" | "pixels">): void {
  y.fill(0, size, 4 * Math.ceil(size / 4));
  for (let i = 0; i < size; i++) {
    const image = Math.floor(i / P / C);
    y[i] = x[(image * P + (i % P)) * stride + (Math.floor(i / P) % C)]!;
  }
}
