/** A receipt as the view shows it: cards, tables, bars. */
import type { ComparisonTable, Receipt } from "../../index";
import { h } from "../dom";

/** Three significant digits. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

export function percent(share: number): string {
  return `${digits(100 * share)} %`;
}

function seconds(ms: number): string {
  return ms >= 1000 ? `${digits(ms / 1000)} s` : `${digits(ms)} ms`;
}

/** The figures that matter most, each with what it means. */
export function cards(receipt: Receipt): HTMLElement {
  const { step, firstPicture, memory, run, check, peaks } = receipt;
  const { wall, gpu } = step.ms;
  const mebibytes = (memory.weights + memory.program) / 2 ** 20;
  const onGpu = gpu ? `${digits(gpu.median)} ms on the GPU` : "by the host's clock";
  const allowed = `${percent(step.peakShare)} of what this device's peaks allow`;
  const error = `${check.relativeError.toExponential(1)} std from PyTorch, allowed ${check.tolerance}`;
  const perPicture = (wall.median * run.evaluations) / run.batch;
  return h(
    "div",
    { class: "cards" },
    card("One step", `${digits(wall.median)} ms`, `p10 ${digits(wall.p10)}, p90 ${digits(wall.p90)}; ${onGpu}`),
    card("One picture", seconds(perPicture), `${run.evaluations} evaluations, batch ${run.batch}`),
    card("First picture", seconds(firstPicture.total), "from nothing: load, compile, all steps"),
    card("Speed", `${digits(step.gflops)} GFLOP/s`, `${allowed} (${digits(peaks.gflops)} GFLOP/s)`),
    card("Dispatches", String(step.dispatches), `${digits(step.ms.encode.median)} ms to encode on the CPU`),
    card("Memory", `${digits(mebibytes)} MiB`, "weights and buffers on the GPU"),
    card("Result", "right", error),
  );
}

function card(name: string, value: string, note: string): HTMLElement {
  const [number, unit] = value.split(" ");
  return h(
    "div",
    { class: "card" },
    h("h3", {}, name),
    h("p", { class: "card-value" }, number!, unit && h("small", {}, ` ${unit}`)),
    h("p", { class: "quiet" }, note),
  );
}

/** What the time to the first picture is made of, as one bar. */
export function firstPictureBar({ firstPicture }: Receipt): HTMLElement {
  const { load, compile, firstStep, otherSteps, total } = firstPicture;
  const parts = [
    ["load", load],
    ["compile", compile],
    ["first step", firstStep],
    ["other steps", otherSteps],
  ] as const;
  const bar = parts.map(([name, ms]) => h("span", { "data-part": name, style: `flex-grow:${ms / total}` }));
  const legend = parts.map(([name, ms]) => h("li", { "data-part": name }, `${name} ${seconds(ms)}`));
  return h(
    "div",
    { class: "parts" },
    h("div", { class: "parts-bar", "aria-hidden": "true" }, ...bar),
    h("ul", {}, ...legend),
  );
}

export function kernelTable({ kernels }: Receipt): ComparisonTable {
  return {
    head: ["Kernel", "runs", "ms", "of the step", "GFLOP/s", "of multiply-adds", "GB/s", "bound by", "of the roof"],
    rows: kernels.map((sum) => [
      sum.kernel,
      String(sum.dispatches),
      digits(sum.ms),
      percent(sum.timeShare),
      digits(sum.gflops),
      percent(sum.fmaShare),
      digits(sum.gbPerSecond),
      sum.bound,
      percent(sum.peakShare),
    ]),
  };
}

const SLOWEST = 10;

export function slowestTable({ layers }: Receipt): ComparisonTable {
  const slowest = [...layers].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  return {
    head: ["Slowest dispatches", "kernel", "ms", "p10", "p90", "GFLOP/s", "of multiply-adds", "of the roof"],
    rows: slowest.map(({ label, kernel, ms, spread, gflops, fmaShare, peakShare }) => [
      label,
      kernel,
      digits(ms),
      digits(spread.p10),
      digits(spread.p90),
      digits(gflops),
      percent(fmaShare),
      percent(peakShare),
    ]),
  };
}

/** What ran: for whoever compares. */
export function facts({ adapter, software, model, run, clock, picture, date, peaks, notes }: Receipt): HTMLElement {
  const copies = Math.max(...peaks.copies.map(({ gbPerSecond }) => gbPerSecond));
  const parameters = model.parameters.toLocaleString("en");
  const sample = digits(clock.minSampleMs);
  const rows: [string, string][] = [
    ["Adapter", `${adapter.description}${adapter.kind === "cpu" ? " (software)" : ""}`],
    ["Browser", software.runtime],
    ["Model", `${model.name}, ${parameters} parameters, SHA-256 ${model.weightsSha256.slice(0, 16)}`],
    ["Run", `${run.sampler}, ${run.steps} steps, seed ${run.seed}, guidance ${run.guidance}`],
    ["Batch", `${run.batch}, ${run.networkBatch} images in the network`],
    ["Peaks", `${digits(peaks.gflops)} GFLOP/s multiply-add, ${digits(copies)} GB/s copy, measured in this run`],
    ["Clock", `${clock.name}, quantum ${digits(clock.quantumMs * 1000)} µs; samples of at least ${sample} ms`],
    ["Picture", `SHA-256 ${picture.sha256.slice(0, 16)}`],
    ...notes.map((note): [string, string] => ["Note", note]),
    ["Date", `${date.slice(0, 16).replace("T", " ")} UTC`],
  ];
  return h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** A table that scrolls by itself where the page is narrow. */
export function table(name: string, { head, rows }: ComparisonTable): HTMLElement {
  const body = rows.map(([first, ...others]) =>
    h("tr", {}, h("th", { scope: "row" }, first ?? ""), ...others.map((cell) => h("td", {}, cell))),
  );
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": name },
    h(
      "table",
      { class: "figures" },
      h("thead", {}, h("tr", {}, ...head.map((cell) => h("th", { scope: "col" }, cell)))),
      h("tbody", {}, ...body),
    ),
  );
}
