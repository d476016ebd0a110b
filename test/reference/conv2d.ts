/** Convolution as its definition, in f64, on NHWC arrays without padding. */
import type { BHWC } from "../../src/tensor/shape";

export interface ConvReference {
  readonly x: ArrayLike<number>;
  readonly shape: BHWC;
  /** (N, C, kh, kw), PyTorch's order. */
  readonly w: ArrayLike<number>;
  readonly bias: (b: number, n: number) => number;
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly dilation?: number;
  readonly padding: readonly [top: number, left: number, bottom: number, right: number];
}

/** y: (B, H', W', N) */
export function conv2d(options: ConvReference): Float64Array {
  const { x, shape, w, bias, channels: N, kernel, stride, dilation = 1, padding } = options;
  const [B, H, W, C] = shape;
  const [kh, kw] = kernel;
  const [top, left, bottom, right] = padding;
  const outHeight = Math.floor((H + top + bottom - dilation * (kh - 1) - 1) / stride) + 1;
  const outWidth = Math.floor((W + left + right - dilation * (kw - 1) - 1) / stride) + 1;
  const y = new Float64Array(B * outHeight * outWidth * N);
  let i = 0;
  for (let b = 0; b < B; b++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let n = 0; n < N; n++) {
          let sum = bias(b, n);
          for (let ky = 0; ky < kh; ky++)
            for (let kx = 0; kx < kw; kx++) {
              const iy = oy * stride + ky * dilation - top;
              const ix = ox * stride + kx * dilation - left;
              if (iy < 0 || iy >= H || ix < 0 || ix >= W) continue;
              for (let c = 0; c < C; c++) {
                sum += x[((b * H + iy) * W + ix) * C + c]! * w[((n * C + c) * kh + ky) * kw + kx]!;
              }
            }
          y[i++] = sum;
        }
  return y;
}

/** (B, H, W, C) to (B, 2H, 2W, C): every pixel four times. */
export function upsampleNearest(x: ArrayLike<number>, [B, H, W, C]: BHWC): Float64Array {
  const y = new Float64Array(B * H * W * C * 4);
  let i = 0;
  for (let b = 0; b < B; b++)
    for (let oy = 0; oy < 2 * H; oy++)
      for (let ox = 0; ox < 2 * W; ox++)
        for (let c = 0; c < C; c++) y[i++] = x[((b * H + (oy >> 1)) * W + (ox >> 1)) * C + c]!;
  return y;
}

/** Joins two NHWC arrays along the channels. */
export function concatChannels(a: ArrayLike<number>, b: ArrayLike<number>, C1: number, C2: number): Float64Array {
  const pixels = a.length / C1;
  const y = new Float64Array(pixels * (C1 + C2));
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < C1; c++) y[p * (C1 + C2) + c] = a[p * C1 + c]!;
    for (let c = 0; c < C2; c++) y[p * (C1 + C2) + C1 + c] = b[p * C2 + c]!;
  }
  return y;
}
