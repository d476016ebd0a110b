/** Host twin of shaders/gather_rows.wgsl. */
import kernel from "../../shaders/gather_rows.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, pad4 } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

const WORKGROUP_SIZE = 64;

/** `y[row] = table[indices[row]]`: table (N, D), indices (rows) u32, y (rows, D). */
export function gatherRows(table: Tensor, indices: Tensor<readonly [rows: number]>) {
  const [N, D] = table.shape;
  const [rows] = indices.shape;
  check(
    table.shape.length === 2 && N !== undefined && D !== undefined,
    () => `gatherRows: table must be (N, D), got ${formatShape(table.shape)}`,
  );
  check(indices.dtype === "u32", () => `gatherRows: indices must be u32, got ${indices.dtype}`);
  const columns = pad4(D) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE },
    params: { rows, columns, last: N - 1 },
    reads: { table, indices },
    writes: { y: { shape: [rows, D] as const } },
    workgroups: linearWorkgroups("gatherRows", rows * columns, WORKGROUP_SIZE),
    flops: 0,
  } satisfies Dispatch;
}
