/** shaders/resize.wgsl in TypeScript. */
import { ROUNDINGS } from "../kernels/resize";
import type { Launch } from "./launch";

type Params =
  | "count"
  | "columns"
  | "height"
  | "width"
  | "out_height"
  | "out_width"
  | `step_${"x" | "y"}`
  | `origin_${"x" | "y"}`
  | `divisor_${"x" | "y"}`;

/** y[b,i,j,c] = x at (row(i), column(j)): the nearest pixel, or with LINEAR the four around it. */
export function resize({ f32: { x, y }, params, constants }: Launch<"x" | "y", Params, "LINEAR" | "ROUNDING">): void {
  const { height, width, out_height, out_width } = params;
  const C = 4 * params.columns;
  const pixels = params.count / params.columns;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const row = Math.floor(pixel / out_width);
    const image = Math.floor(row / out_height);
    const vertical = sourceOf(row % out_height, params.step_y, params.origin_y, params.divisor_y);
    const horizontal = sourceOf(pixel % out_width, params.step_x, params.origin_x, params.divisor_x);
    // Beyond the rim the picture goes on as its last pixel.
    const at = (i: number, j: number) => ((image * height + clamp(i, height - 1)) * width + clamp(j, width - 1)) * C;
    const [i, j] = [vertical.whole, horizontal.whole];
    if (!constants.LINEAR) {
      const nearest = at(
        i + rounding(constants.ROUNDING, vertical.rest, params.divisor_y),
        j + rounding(constants.ROUNDING, horizontal.rest, params.divisor_x),
      );
      y.set(x.subarray(nearest, nearest + C), pixel * C);
      continue;
    }
    const [down, right] = [vertical.rest / params.divisor_y, horizontal.rest / params.divisor_x];
    const corners = [at(i, j), at(i, j + 1), at(i + 1, j), at(i + 1, j + 1)] as const;
    for (let c = 0; c < C; c++) {
      const above = mix(x[corners[0] + c]!, x[corners[1] + c]!, right);
      const below = mix(x[corners[2] + c]!, x[corners[3] + c]!, right);
      y[pixel * C + c] = mix(above, below, down);
    }
  }
}

/** (i * step + origin) / divisor as a whole number and what is left of it, both in whole numbers. */
function sourceOf(i: number, step: number, origin: number, divisor: number): { whole: number; rest: number } {
  const numerator = i * step + origin;
  const whole = Math.floor(numerator / divisor);
  return { whole, rest: numerator - whole * divisor };
}

function rounding(kind: number, rest: number, divisor: number): 0 | 1 {
  switch (kind) {
    case ROUNDINGS.ceil:
      return rest > 0 ? 1 : 0;
    case ROUNDINGS.round_prefer_floor:
      return 2 * rest > divisor ? 1 : 0;
    case ROUNDINGS.round_prefer_ceil:
      return 2 * rest >= divisor ? 1 : 0;
    default:
      return 0;
  }
}

function clamp(value: number, last: number): number {
  return Math.min(Math.max(value, 0), last);
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
