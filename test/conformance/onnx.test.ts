import { describe, expect, test } from "vitest";
import { type OnnxCase, readOnnxCases } from "./onnx_cases";
import { OPERATORS, question } from "./onnx_ops";

const { cases, read, isFullSet } = readOnnxCases();

/** Cases of the full set that pass, per operator: fewer is a step back. */
const PASSED: Readonly<Record<string, number>> = {
  Attention: 5,
  AveragePool: 16,
  Conv: 18,
  Gather: 3,
  Gelu: 2,
  Gemm: 12,
  GlobalAveragePool: 2,
  GroupNormalization: 2,
  InstanceNormalization: 3,
  LayerNormalization: 19,
  MatMul: 3,
  Mish: 1,
  Relu: 2,
  Resize: 17,
  Swish: 1,
  Transpose: 3,
  Upsample: 1,
};

interface Score {
  passed: number;
  readonly failed: string[];
  /** Why not, and how many cases. */
  readonly inapplicable: Map<string, number>;
}

/** ONNX allows rtol 1e-3 and atol 1e-7; a sum near zero in f32 needs the larger atol. */
const TOLERANCE = { rtol: 1e-3, atol: 1e-5 };

function isClose(actual: Float32Array, expected: Float32Array): boolean {
  const { rtol, atol } = TOLERANCE;
  return (
    actual.length === expected.length &&
    expected.every((value, i) => Math.abs(actual[i]! - value) <= atol + rtol * Math.abs(value))
  );
}

async function judge(score: Score, onnx: OnnxCase): Promise<void> {
  const operator = OPERATORS[onnx.op];
  const answer = operator ? operator(question(onnx, read)) : "no such operator in the engine";
  if (typeof answer === "string") {
    score.inapplicable.set(answer, (score.inapplicable.get(answer) ?? 0) + 1);
    return;
  }
  if (isClose(await answer, read(onnx.outputs[0]!))) score.passed++;
  else score.failed.push(onnx.name);
}

function table(scores: ReadonlyMap<string, Score>): string {
  const lines = [...scores].map(([op, { passed, failed, inapplicable }]) => {
    const count = [...inapplicable.values()].reduce((a, b) => a + b, 0);
    const reasons = [...inapplicable].map(([reason, cases]) => `${reason} (${cases})`).join(", ");
    return `${op.padEnd(28)}${String(passed).padStart(6)}${String(failed.length).padStart(8)}${String(count).padStart(6)}  ${reasons}`;
  });
  return [`${"ONNX operator".padEnd(28)}passed  failed  n/a`, ...lines].join("\n");
}

describe("ONNX node vectors", () => {
  test(isFullSet ? "the full set" : "the subset in test/fixtures/onnx", async () => {
    const scores = new Map<string, Score>();
    for (const onnx of cases) {
      const score = scores.get(onnx.op) ?? { passed: 0, failed: [], inapplicable: new Map() };
      scores.set(onnx.op, score);
      await judge(score, onnx);
    }
    console.log(table(new Map([...scores].sort(([a], [b]) => a.localeCompare(b)))));
    expect([...scores.values()].flatMap(({ failed }) => failed)).toEqual([]);
    for (const [op, count] of Object.entries(PASSED)) {
      // The subset leaves out what is large, Mish's ten thousand numbers among it.
      const least = isFullSet ? count : Number(op !== "Mish");
      expect(scores.get(op)?.passed ?? 0, `${op}: cases passed`).toBeGreaterThanOrEqual(least);
    }
    expect(Object.keys(PASSED)).toEqual(Object.keys(OPERATORS));
  });
});
