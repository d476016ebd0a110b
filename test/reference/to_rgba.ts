/** The nearest whole number, halves to the even one. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** Pictures in [-1, 1], (B, H, W, C) row-major, as RGBA bytes; f32 arithmetic, since a byte is a decision and has no tolerance. */
export function toRgba(x: ArrayLike<number>, C: number): Uint8Array {
  const byte = (value: number) => {
    const shade = Math.min(Math.max(Math.fround(Math.fround(value) / 2 + 0.5), 0), 1);
    return roundHalfEven(Math.fround(255 * shade));
  };
  const pixels = x.length / C;
  const bytes = new Uint8Array(4 * pixels);
  for (let p = 0; p < pixels; p++) {
    for (let channel = 0; channel < 3; channel++) bytes[4 * p + channel] = byte(x[p * C + (C === 1 ? 0 : channel)]!);
    bytes[4 * p + 3] = C === 4 ? byte(x[p * C + 3]!) : 255;
  }
  return bytes;
}
