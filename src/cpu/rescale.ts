/** shaders/rescale.wgsl in TypeScript. */
import type { Launch } from "./launch";

type Params = "count" | "columns" | "channels" | "pixels" | "conditions" | "scale" | "shift";

/** y[b,p,c] = (x[b,p,c] * scale + shift) / divisor[step * conditions + condition[b]] */
export function rescale({
  f32: { x, divisor, y },
  u32: { position },
  params: { count, columns, channels, pixels, conditions, scale, shift },
  constants,
}: Launch<"x" | "divisor" | "position" | "y", Params, "HAS_DIVISOR">): void {
  const stride = 4 * columns;
  for (let i = 0; i < 4 * count; i++) {
    const image = Math.floor(i / stride / pixels);
    const result = x[i]! * scale + (i % stride < channels ? shift : 0);
    y[i] = constants.HAS_DIVISOR ? result / divisor[position[0]! * conditions + position[4 + image]!]! : result;
  }
}
