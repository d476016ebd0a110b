/** `unstatic inspect <folder>`: what a model is made of, without running it. */
import { describeFolder } from "../index";
import { Options, UsageError } from "./options";

export const INSPECT_HELP = `unstatic inspect <folder> [--json]
  layers, shapes, parameters, FLOPs, dispatches per step and memory of a model`;

export async function inspect(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, { json: { type: "boolean" } }, 1);
  const [folder] = options.positionals;
  if (!folder) throw new UsageError("inspect needs a folder");
  const description = await describeFolder(folder);
  if (options.flag("json")) {
    console.log(JSON.stringify(description, null, 2));
    return true;
  }
  const { image, layers, flopsPerStep } = description;
  const widths = [Math.max(...layers.map(({ label }) => label.length)), 26, 20, 10];
  const row = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ");
  console.log(row(["layer", "kernel", "output", "MFLOP"]));
  for (const { label, kernel, output, flops } of layers) {
    console.log(row([label, kernel, output.join(" x "), (flops / 1e6).toFixed(2)]));
  }
  console.log(`
${description.name}: ${image.height} x ${image.width} x ${image.channels}, sampler ${description.sampler}
  parameters           ${description.parameters.toLocaleString("en")} in ${description.tensors.length} tensors
  per step             ${(flopsPerStep / 1e9).toFixed(3)} GFLOP, ${description.dispatchesPerStep} dispatches
  weights on the GPU   ${megabytes(description.weightBytes)}
  activations          ${megabytes(description.activationBytes)} for one picture without guidance`);
  return true;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}
