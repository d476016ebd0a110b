import { describe, expect, test } from "vitest";
import { gatherRows } from "../../src/kernels/gather_rows";
import { Recording } from "../../src/recording/recording";
import { gatherRows as reference } from "../reference/gather_rows";
import { runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

describe("gather_rows", () => {
  test.each<{ N: number; D: number; indices: number[]; why: string }>([
    { N: 50, D: 64, indices: [7, 49, 0, 7], why: "classes, one twice" },
    { N: 3, D: 5, indices: [2, 1, 0, 1, 2], why: "rows with padding" },
    { N: 1, D: 1, indices: [0], why: "a single number" },
  ])("$indices of $N rows of $D: $why", async ({ N, D, indices }) => {
    const table = normal(N * D, 1);
    const inputs = {
      table: { shape: [N, D], data: table },
      indices: { shape: [indices.length] as const, data: new Uint32Array(indices) },
    };
    const y = await runOne(inputs, (t) => gatherRows(t.table, t.indices));
    expect(y).toBeAllClose(reference(table, D, indices), { rtol: 0, atol: 0 });
  });

  test("refuses indices that are not whole numbers", () => {
    const recording = new Recording("test");
    const table = recording.state("table", [4, 4]);
    const indices = recording.state("indices", [2] as const);
    expect(() => gatherRows(table, indices)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: gatherRows: indices must be u32, got f32]`,
    );
  });
});
