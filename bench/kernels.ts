/**
 * How near each kernel comes to the adapter's measured multiply-add rate, and what stands between: writes the table in
 * bench/results/README.md from the receipts beside it.
 *
 *     node bench/run.mjs kernels.ts            # after new receipts; --print to look at it alone
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseReceipt, type Receipt } from "../src/bench/receipt.ts";
import { digits } from "../src/bench/text_table.ts";
import { OBSTACLES } from "./kernels/obstacles.ts";
import { adapterSlug } from "./machine.ts";
import { markdownTable } from "./markdown.ts";

const FOLDER = join(import.meta.dirname, "results");
const README = join(FOLDER, "README.md");
const MARKS = ["<!-- kernels -->", "<!-- /kernels -->"] as const;
/** Kernels below this share of every step are left out. */
const SHARE = 0.005;

export async function main(args: readonly string[]): Promise<number> {
  const files = (await readdir(FOLDER)).filter((file) => /^bench-.*\.json$/.test(file)).sort();
  if (files.length === 0) throw new Error(`${FOLDER}: must hold receipts bench-*.json, got none`);
  const receipts = await Promise.all(
    files.map(async (file) => parseReceipt(await readFile(join(FOLDER, file), "utf8"), file)),
  );
  const section = sectionOf(receipts);
  if (args.includes("--print")) console.log(section);
  else await writeFile(README, between(await readFile(README, "utf8"), section));
  return 0;
}

/** @throws Error for a kernel that nobody has said anything about. */
export function sectionOf(receipts: readonly Receipt[]): string {
  const names = kernelsOf(receipts);
  for (const name of names) {
    if (!OBSTACLES[name]) throw new Error(`bench/kernels/obstacles.ts: must say what limits '${name}', got nothing`);
  }
  const head = [
    "kernel",
    ...receipts.map(({ model, adapter }) => `${model.name}, ${adapterSlug(adapter.description)}`),
  ];
  const rows = names.map((name) => [name, ...receipts.map((receipt) => cell(receipt, name))]);
  const peaks = receipts.map(({ peaks, step }) => `${digits(peaks.gflops)} GFLOP/s; ${digits(step.dispatchMs)} ms`);
  const obstacles = names.map((name) => `* \`${name}\`: ${OBSTACLES[name]}`);
  return [markdownTable(head, [["measured peak; all dispatches", ...peaks], ...rows]), "", ...obstacles].join("\n");
}

/** Those that matter in any step, by the most that they take of one. */
function kernelsOf(receipts: readonly Receipt[]): string[] {
  const most = new Map<string, number>();
  for (const { kernel, timeShare } of receipts.flatMap(({ kernels }) => kernels)) {
    most.set(kernel, Math.max(most.get(kernel) ?? 0, timeShare));
  }
  const ranked = [...most].filter(([, share]) => share >= SHARE).sort(([, a], [, b]) => b - a);
  return ranked.map(([name]) => name);
}

function cell({ kernels, peaks }: Receipt, name: string): string {
  const sum = kernels.find(({ kernel }) => kernel === name);
  if (!sum) return "";
  const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
  return [sum.timeShare, sum.gflops / peaks.gflops, sum.peakShare].map(percent).join(" / ");
}

function between(text: string, section: string): string {
  const [start, end] = MARKS.map((mark) => text.indexOf(mark)) as [number, number];
  if (start < 0 || end < start) throw new Error(`${README}: must have the marks ${MARKS.join(" and ")}`);
  return `${text.slice(0, start + MARKS[0].length)}\n\n${section}\n\n${text.slice(end)}`;
}
