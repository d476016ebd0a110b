/** Average pooling as its definition, in f64. */

export interface ReferencePool {
  readonly taps: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [top: number, left: number, bottom: number, right: number];
  readonly countPadding: boolean;
  readonly out: readonly [height: number, width: number];
}

/** The mean of each window of `x`, (B, H, W, C) row-major. */
export function avgPool(
  x: ArrayLike<number>,
  [B, H, W, C]: readonly [number, number, number, number],
  { taps, stride, dilation, padding, countPadding, out }: ReferencePool,
): Float64Array {
  const y = new Float64Array(B * out[0] * out[1] * C);
  const [top, left, bottom, right] = padding;
  y.forEach((_, index) => {
    const c = index % C;
    const j = Math.floor(index / C) % out[1];
    const i = Math.floor(index / C / out[1]) % out[0];
    const b = Math.floor(index / C / out[1] / out[0]);
    let sum = 0;
    let n = 0;
    for (let u = 0; u < taps[0]; u++) {
      for (let v = 0; v < taps[1]; v++) {
        const row = i * stride[0] + u * dilation[0] - top;
        const column = j * stride[1] + v * dilation[1] - left;
        const isInside = row >= 0 && row < H && column >= 0 && column < W;
        const isPadding = !isInside && row < H + bottom && column < W + right;
        if (isInside) sum += x[((b * H + row) * W + column) * C + c]!;
        if (isInside || (countPadding && isPadding)) n++;
      }
    }
    y[index] = sum / n;
  });
  return y;
}
