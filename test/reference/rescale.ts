/** y[b,p,c] = (x[b,p,c] * scale + shift) / divisor[b], x: (B, pixels, channels). */
export function rescale(
  x: ArrayLike<number>,
  { scale, shift, divisor }: { scale: number; shift: number; divisor: readonly number[] },
): Float64Array {
  const perImage = x.length / divisor.length;
  return Float64Array.from(x, (value, i) => (value * scale + shift) / divisor[Math.floor(i / perImage)]!);
}
