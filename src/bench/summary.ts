/** A receipt as a page of text. */
import type { Receipt } from "./receipt";
import { bestCopy } from "./roofline";
import type { Spread } from "./spread";
import { digits, mebibytes, percent, textTable } from "./text_table";

/** Slowest dispatches that are listed one by one. */
const LAYERS_SHOWN = 12;

export function summaryOf(receipt: Receipt): string {
  const notes = receipt.notes.map((note) => `note: ${note}`).join("\n");
  return [heading(receipt), figures(receipt), kernelTable(receipt), layerTable(receipt), notes]
    .filter((part) => part !== "")
    .join("\n\n");
}

function heading({ model, run, adapter, software, check, picture }: Receipt): string {
  const { height, width, channels } = model.image;
  const networkBatch = run.networkBatch > run.batch ? `, ${run.networkBatch} images in the network` : "";
  const { runtime, webgpu, commit } = software;
  return [
    `${model.name}: ${height} x ${width} x ${channels}, batch ${run.batch}, guidance ${run.guidance}${networkBatch}, ` +
      `${run.sampler}, ${run.steps} steps, seed ${run.seed}, activations ${run.precision.activations}, ` +
      `weights ${run.precision.weights}`,
    `adapter   ${adapter.description}${adapter.kind === "cpu" ? " (software)" : ""}`,
    `software  ${[runtime, webgpu, commit && `commit ${commit}`].filter(Boolean).join(", ")}`,
    `result    right: max |difference| / std(output) = ${check.relativeError.toExponential(1)} on ${check.batch} images ` +
      `(tolerance ${check.tolerance})`,
    `weights   ${model.weightsSha256.slice(0, 16)}   picture  ${picture.sha256.slice(0, 16)}`,
  ].join("\n");
}

function figures({ step, firstPicture, peaks, memory, clock, run }: Receipt): string {
  const { wall, gpu, encode, stepsPerSubmit } = step.ms;
  const memoryCopy = peaks.copies.at(-1)!;
  const pictures = run.batch > 1 ? `, ${digits(wall.median / run.batch)} ms a picture` : "";
  return [
    `step      ${spread(wall)}${pictures}: submit to done, ${stepsPerSubmit} to a submit, ${wall.samples} samples`,
    ...(gpu ? [`  on GPU  ${spread(gpu)}: between timestamps`] : []),
    `  CPU     ${spread(encode)}: to encode and submit ${step.dispatches} dispatches`,
    `  work    ${digits(step.flops / 1e9)} GFLOP at ${digits(step.gflops)} GFLOP/s, ${digits(step.bytes / 1e6)} MB; ` +
      `${percent(step.peakShare)} of what the peaks allow`,
    `first     ${digits(firstPicture.total)} ms to the first picture: load ${digits(firstPicture.load)}, ` +
      `compile ${digits(firstPicture.compile)}, first step ${digits(firstPicture.firstStep)}, ` +
      `other steps ${digits(firstPicture.otherSteps)}`,
    `memory    weights ${mebibytes(memory.weights)}, program ${mebibytes(memory.program)}`,
    `peaks     ${digits(peaks.gflops)} GFLOP/s multiply-add; copy ${digits(bestCopy(peaks))} GB/s at best, ` +
      `${digits(memoryCopy.gbPerSecond)} GB/s for ${mebibytes(memoryCopy.bytes)}`,
    `clock     ${clock.name}, quantum ${digits(clock.quantumMs * 1e6)} ns; samples of kernels are at least ` +
      `${digits(clock.minSampleMs)} ms long`,
  ].join("\n");
}

function spread({ median, p10, p90 }: Spread): string {
  return `${digits(median)} ms (p10 ${digits(p10)}, p90 ${digits(p90)})`;
}

function kernelTable({ kernels }: Receipt): string {
  const head = ["kernel", "runs", "ms", "time", "GFLOP", "MB", "GFLOP/s", "of FMA", "GB/s", "bound", "of roof"];
  return textTable(
    head,
    kernels.map((sum) => [
      sum.kernel,
      String(sum.dispatches),
      digits(sum.ms),
      percent(sum.timeShare),
      digits(sum.flops / 1e9),
      digits(sum.bytes / 1e6),
      digits(sum.gflops),
      percent(sum.fmaShare),
      digits(sum.gbPerSecond),
      sum.bound,
      percent(sum.peakShare),
    ]),
  );
}

function layerTable({ layers }: Receipt): string {
  const slowest = [...layers].sort((a, b) => b.ms - a.ms).slice(0, LAYERS_SHOWN);
  return textTable(
    ["slowest dispatches", "kernel", "ms", "p10", "p90", "repeats", "GFLOP/s", "of FMA", "of roof"],
    slowest.map(({ label, kernel, ms, spread, repeats, gflops, fmaShare, peakShare }) => [
      label,
      kernel,
      digits(ms),
      digits(spread.p10),
      digits(spread.p90),
      String(repeats),
      digits(gflops),
      percent(fmaShare),
      percent(peakShare),
    ]),
  );
}
