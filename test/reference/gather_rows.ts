/** Rows of `table`, (N, D) row-major, in the order of `indices`. */
export function gatherRows(table: ArrayLike<number>, D: number, indices: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: indices.length * D }, (_, i) => table[indices[Math.floor(i / D)]! * D + (i % D)]!);
}
