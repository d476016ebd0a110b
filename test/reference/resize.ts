/** Resizing as its definition, in f64. */
import type { Coordinates, Rounding } from "../../src/kernels/resize";

function source(coordinates: Coordinates, i: number, size: number, out: number): number {
  const scale = out / size;
  switch (coordinates) {
    case "asymmetric":
      return i / scale;
    case "align_corners":
      return out === 1 ? 0 : (i * (size - 1)) / (out - 1);
    case "pytorch_half_pixel":
      return out === 1 ? 0 : (i + 0.5) / scale - 0.5;
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
  }
}

function whole(coordinate: number, rounding: Rounding): number {
  // f64 leaves 1 + 1e-16 where the exact coordinate is 1.
  const snapped = Math.round(coordinate * 1e9) / 1e9;
  switch (rounding) {
    case "floor":
      return Math.floor(snapped);
    case "ceil":
      return Math.ceil(snapped);
    case "round_prefer_floor":
      return Math.ceil(snapped - 0.5);
    case "round_prefer_ceil":
      return Math.floor(snapped + 0.5);
  }
}

/** `x`, (B, H, W, C) row-major, at the size (H', W'). */
export function resize(
  x: ArrayLike<number>,
  [B, H, W, C]: readonly [number, number, number, number],
  [outHeight, outWidth]: readonly [number, number],
  mode: "nearest" | "linear",
  { coordinates, rounding }: { coordinates: Coordinates; rounding: Rounding },
): Float64Array {
  const clamped = (i: number, size: number) => Math.min(Math.max(i, 0), size - 1);
  const at = (b: number, i: number, j: number, c: number) => x[((b * H + clamped(i, H)) * W + clamped(j, W)) * C + c]!;
  return Float64Array.from({ length: B * outHeight * outWidth * C }, (_, index) => {
    const c = index % C;
    const j = source(coordinates, Math.floor(index / C) % outWidth, W, outWidth);
    const i = source(coordinates, Math.floor(index / C / outWidth) % outHeight, H, outHeight);
    const b = Math.floor(index / C / outWidth / outHeight);
    if (mode === "nearest") return at(b, whole(i, rounding), whole(j, rounding), c);
    const [i0, j0] = [Math.floor(i), Math.floor(j)];
    const row = (k: number) => at(b, k, j0, c) * (1 - (j - j0)) + at(b, k, j0 + 1, c) * (j - j0);
    return row(i0) * (1 - (i - i0)) + row(i0 + 1) * (i - i0);
  });
}
