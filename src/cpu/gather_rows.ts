/** shaders/gather_rows.wgsl in TypeScript. */
import type { Launch } from "./launch";

/** y[row, d] = table[indices[row], d]; an index past the end takes the last row */
export function gatherRows({
  f32: { table, y },
  u32: { indices },
  params: { rows, columns, last },
}: Launch<"table" | "indices" | "y", "rows" | "columns" | "last">): void {
  const width = 4 * columns;
  for (let row = 0; row < rows; row++) {
    const index = Math.min(indices[row]!, last);
    y.set(table.subarray(index * width, (index + 1) * width), row * width);
  }
}
