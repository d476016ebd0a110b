/** shaders/to_rgba.wgsl in TypeScript. */
import type { Launch } from "./launch";

/** pixel = round(255 clamp(x / 2 + 1/2, 0, 1)), halves to even; red in the lowest byte */
export function toRgba({
  f32: { x },
  u32: { pixels },
  params: { count },
  constants: { CHANNELS },
}: Launch<"x" | "pixels", "count", "CHANNELS">): void {
  // Storing in a Uint8ClampedArray clamps, and rounds halves to even.
  const bytes = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  bytes.fill(0);
  for (let p = 0; p < count; p++) {
    for (let c = 0; c < 4; c++) {
      const shade = c === 3 && CHANNELS < 4 ? 1 : x[4 * p + (CHANNELS === 1 && c < 3 ? 0 : c)]!;
      // In f32 like torch: halves are halves only there.
      bytes[4 * p + c] = Math.fround(255 * Math.fround(shade / 2 + 0.5));
    }
  }
  if (CHANNELS < 4) for (let p = 0; p < count; p++) bytes[4 * p + 3] = 255;
}
