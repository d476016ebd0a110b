/** The table of kernels: what it is made of, and that it is made of the receipts beside it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sectionOf } from "../../bench/kernels";
import { parseReceipt, type Receipt } from "../../src/index";

const FOLDER = join(import.meta.dirname, "../../bench/results");
const receipts = readdirSync(FOLDER)
  .filter((file) => /^bench-.*\.json$/.test(file))
  .sort()
  .map((file) => parseReceipt(readFileSync(join(FOLDER, file), "utf8"), file));

test("the committed table is the committed receipts'", () => {
  expect(readFileSync(join(FOLDER, "README.md"), "utf8")).toContain(`\n${sectionOf(receipts)}\n`);
});

test("a kernel's cell is its share of the step, of multiply-adds and of the roof", () => {
  const [first] = receipts as [Receipt];
  const sum = { ...first.kernels[0]!, kernel: "conv2d", timeShare: 0.25, gflops: 5, peakShare: 0.066 };
  const receipt = { ...first, peaks: { ...first.peaks, gflops: 10 }, kernels: [sum] };
  expect(sectionOf([receipt])).toContain("| conv2d | 25 % / 50 % / 6.6 % |");
});

test("a kernel that nobody has explained is asked for", () => {
  const [first] = receipts as [Receipt];
  const kernels = [{ ...first.kernels[0]!, kernel: "mystery" }];
  expect(() => sectionOf([{ ...first, kernels }])).toThrow("must say what limits 'mystery', got nothing");
});
