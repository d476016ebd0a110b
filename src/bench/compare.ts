/** Receipts side by side: the first is what the others are measured against. */
import { check, InputError } from "../tensor/check";
import type { Receipt } from "./receipt";
import { digits, mebibytes, textTable } from "./text_table";

/** A receipt with the name that its column gets. */
export interface NamedReceipt {
  readonly name: string;
  readonly receipt: Receipt;
}

/** A table with a head; the first column names, the others are figures. */
export interface ComparisonTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Comparison {
  /** The work that all of them did. */
  readonly title: string;
  /** Who ran; figures; kernels. */
  readonly tables: readonly ComparisonTable[];
  /** Whether their pictures agree. */
  readonly pictures: string;
}

/** Below this many significant digits of difference a ratio says nothing. */
const SAME = 0.005;

/** `comparisonOf` as a text. */
export function compareReceipts(receipts: readonly NamedReceipt[]): string {
  const { title, tables, pictures } = comparisonOf(receipts);
  return [title, ...tables.map(({ head, rows }) => textTable(head, rows)), pictures].join("\n\n");
}

/**
 * Who ran, then steps, first picture, memory and kernels with their ratios to the first receipt's.
 * @throws InputError where the receipts do not speak of the same work.
 */
export function comparisonOf(receipts: readonly NamedReceipt[]): Comparison {
  check(receipts.length >= 2, () => `compare: needs at least two receipts, got ${receipts.length}`, InputError);
  const [first, ...others] = receipts as [NamedReceipt, ...NamedReceipt[]];
  for (const other of others) checkComparable(first, other);
  const hashes = new Set(receipts.map(({ receipt }) => receipt.picture.sha256));
  const { model, run } = first.receipt;
  const figures = {
    head: headOf("ms, ratio to the first", receipts),
    rows: [
      figure("step, median", receipts, ({ step }) => step.ms.wall.median),
      figure("step, p90", receipts, ({ step }) => step.ms.wall.p90),
      figure("step on GPU", receipts, ({ step }) => step.ms.gpu?.median),
      figure("encode and submit on CPU", receipts, ({ step }) => step.ms.encode.median),
      figure("first picture", receipts, ({ firstPicture }) => firstPicture.total),
      figure("  load", receipts, ({ firstPicture }) => firstPicture.load),
      figure("  compile", receipts, ({ firstPicture }) => firstPicture.compile),
      figure("  first step", receipts, ({ firstPicture }) => firstPicture.firstStep),
    ],
  };
  const kernels = { head: headOf("kernels of a step, ms", receipts), rows: kernelRows(receipts) };
  return {
    title: `${model.name}, batch ${run.batch}, ${run.networkBatch} images in the network`,
    tables: [whoRan(receipts), figures, kernels],
    pictures: hashes.size === 1 ? "pictures: the same, bit by bit" : "pictures: not the same bit by bit",
  };
}

/** Other weights, sizes or batches are other work. Steps and seeds may differ: a step costs what it costs. */
function checkComparable(first: NamedReceipt, other: NamedReceipt): void {
  const work = ({ model, run }: Receipt): Record<string, string | number> => ({
    "the model's weights": model.weightsSha256.slice(0, 16),
    "the picture's size": `${model.image.height} x ${model.image.width} x ${model.image.channels}`,
    batch: run.batch,
    "the network's batch": run.networkBatch,
  });
  const expected = work(first.receipt);
  for (const [what, got] of Object.entries(work(other.receipt))) {
    check(
      got === expected[what],
      () => `${other.name}: ${what} must be ${expected[what]} as in ${first.name}, got ${got}`,
      InputError,
    );
  }
}

function whoRan(receipts: readonly NamedReceipt[]): ComparisonTable {
  const rows = receipts.map(({ name, receipt }) => {
    const { adapter, software, date, step, memory, peaks } = receipt;
    return [
      name,
      adapter.description.slice(0, 40),
      software.commit ?? "-",
      date.slice(0, 16),
      String(step.dispatches),
      mebibytes(memory.weights + memory.program),
      digits(peaks.gflops),
    ];
  });
  return { head: ["receipt", "adapter", "commit", "date", "dispatches", "memory", "peak GFLOP/s"], rows };
}

function headOf(title: string, receipts: readonly NamedReceipt[]): string[] {
  return [title, ...receipts.flatMap(({ name }, i) => (i === 0 ? [name] : [name, "ratio"]))];
}

function figure(label: string, receipts: readonly NamedReceipt[], read: (receipt: Receipt) => number | undefined) {
  const values = receipts.map(({ receipt }) => read(receipt));
  return [label, ...values.flatMap((value, i) => (i === 0 ? [shown(value)] : [shown(value), ratio(value, values[0])]))];
}

function kernelRows(receipts: readonly NamedReceipt[]): string[][] {
  const names = new Set(receipts.flatMap(({ receipt }) => receipt.kernels.map(({ kernel }) => kernel)));
  const rows = [...names].map((name) =>
    figure(name, receipts, ({ kernels }) => kernels.find(({ kernel }) => kernel === name)?.ms),
  );
  return [...rows, figure("sum", receipts, ({ step }) => step.dispatchMs)];
}

function shown(value: number | undefined): string {
  return value === undefined ? "-" : digits(value);
}

function ratio(value: number | undefined, base: number | undefined): string {
  if (value === undefined || !base) return "-";
  const times = value / base;
  return Math.abs(times - 1) < SAME ? "same" : `x ${times.toFixed(2)}`;
}
