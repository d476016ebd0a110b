/** The two orders of a picture, as index arithmetic written out. */
type BHWC = readonly [B: number, H: number, W: number, C: number];

/** (B, C, H, W) to (B, H, W, C). */
export function fromNchw(x: ArrayLike<number>, [B, H, W, C]: BHWC): Float64Array {
  const y = new Float64Array(x.length);
  for (let b = 0; b < B; b++)
    for (let c = 0; c < C; c++)
      for (let h = 0; h < H; h++)
        for (let w = 0; w < W; w++) y[((b * H + h) * W + w) * C + c] = x[((b * C + c) * H + h) * W + w]!;
  return y;
}

/** (B, H, W, C) to (B, C, H, W). */
export function toNchw(x: ArrayLike<number>, [B, H, W, C]: BHWC): Float64Array {
  const y = new Float64Array(x.length);
  for (let b = 0; b < B; b++)
    for (let c = 0; c < C; c++)
      for (let h = 0; h < H; h++)
        for (let w = 0; w < W; w++) y[((b * C + c) * H + h) * W + w] = x[((b * H + h) * W + w) * C + c]!;
  return y;
}
