/** What a run of the growth measurements leaves: a receipt, and a text for people. */
import { digits, mebibytes, textTable } from "../../src/bench/text_table";
import type { Machine } from "../machine";
import type { BatchTime } from "./batches";
import type { SizeTime } from "./sizes";
import type { StepsCost } from "./steps";

export interface GrowthReceipt {
  readonly format: "unstatic-growth";
  readonly version: 1;
  readonly date: string;
  readonly commit: string;
  readonly adapter: string;
  /** `cpu` for a software adapter: there processor time is told beside the clock's. */
  readonly kind: "gpu" | "cpu";
  readonly machine: Machine;
  readonly model: string;
  readonly batches: readonly BatchTime[];
  readonly sizes: readonly SizeTime[];
  readonly steps: readonly StepsCost[];
}

export function summaryOf({ model, adapter, commit, machine, batches, sizes, steps }: GrowthReceipt): string {
  const load = `load ${digits(machine.loadBefore)} to ${digits(machine.loadAfter)}`;
  return [
    `${model} on ${adapter}, commit ${commit}, ${machine.cores} cores, ${load}`,
    textTable(
      ["batch", "ms a step", "min", "ms a picture", "ratio to batch 1", "CPU ms a picture", "ratio", "dispatches"],
      batches.map(
        ({ batch, ms, msMin, msPerImage, ratioPerImage, processorMs, processorRatioPerImage, dispatches }) => [
          String(batch),
          digits(ms.median),
          digits(msMin),
          digits(msPerImage),
          `x ${digits(ratioPerImage)}`,
          digits(processorMs / batch),
          `x ${digits(processorRatioPerImage)}`,
          String(dispatches),
        ],
      ),
    ),
    textTable(
      ["size", "ms a step", "min", "CPU ms", "GFLOP", "GFLOP/s", "memory", "dispatches"],
      sizes.map(({ size, ms, msMin, processorMs, flops, bytes, dispatches }) => [
        `${size} x ${size}`,
        digits(ms.median),
        digits(msMin),
        digits(processorMs),
        digits(flops / 1e9),
        digits(flops / ms.median / 1e6),
        mebibytes(bytes),
        String(dispatches),
      ]),
    ),
    textTable(
      [
        "steps",
        "ms in all",
        "ms a step",
        "CPU ms a step",
        "p90",
        "allocations",
        "uploads",
        "GPU memory",
        "heap growth KiB",
      ],
      steps.map(({ steps: count, totalMs, msPerStep, cpuMs, calls, gpuBytes, heapGrowth }) => [
        String(count),
        digits(totalMs),
        digits(msPerStep),
        digits(cpuMs.median),
        digits(cpuMs.p90),
        String(sum(calls, /^create/)),
        String(sum(calls, /^write/)),
        mebibytes(gpuBytes),
        digits(heapGrowth / 1024),
      ]),
    ),
  ].join("\n\n");
}

function sum(calls: Readonly<Record<string, number>>, names: RegExp): number {
  return Object.entries(calls).reduce((all, [name, count]) => all + (names.test(name) ? count : 0), 0);
}
