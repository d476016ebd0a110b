/** shaders/avg_pool.wgsl in TypeScript. */
import type { Launch } from "./launch";

type Params =
  | "count"
  | "columns"
  | "height"
  | "width"
  | "out_height"
  | "out_width"
  | `taps_${"x" | "y"}`
  | `stride_${"x" | "y"}`
  | `dilation_${"x" | "y"}`
  | "top"
  | "left"
  | "bottom"
  | "right";

/** y[b,i,j,c] = mean over taps (u, v) of x[b, i stride + u dilation - top, j stride + v dilation - left, c] */
export function avgPool({ f32: { x, y }, params, constants }: Launch<"x" | "y", Params, "COUNT_PADDING">): void {
  const { height, width, out_height, out_width, top, left, bottom, right } = params;
  const C = 4 * params.columns;
  const pixels = params.count / params.columns;
  const sum = new Float64Array(C);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const row = Math.floor(pixel / out_width);
    const image = Math.floor(row / out_height);
    const firstX = (pixel % out_width) * params.stride_x - left;
    const firstY = (row % out_height) * params.stride_y - top;
    sum.fill(0);
    let counted = 0;
    for (let v = 0; v < params.taps_y; v++) {
      for (let u = 0; u < params.taps_x; u++) {
        const tapX = firstX + u * params.dilation_x;
        const tapY = firstY + v * params.dilation_y;
        const isInside = tapX >= 0 && tapX < width && tapY >= 0 && tapY < height;
        if (constants.COUNT_PADDING ? tapX < width + right && tapY < height + bottom : isInside) counted++;
        if (!isInside) continue;
        const at = ((image * height + tapY) * width + tapX) * C;
        for (let c = 0; c < C; c++) sum[c]! += x[at + c]!;
      }
    }
    for (let c = 0; c < C; c++) y[pixel * C + c] = sum[c]! / Math.max(counted, 1);
  }
}
