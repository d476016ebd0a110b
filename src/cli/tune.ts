/** `unstatic tune <folder>`: measures which algorithm is the fastest for each shape of a model, here. */
import { choiceName, load, type TunedShape, tune as tuneModel } from "../index";
import { Options, UsageError } from "./options";
import { ProgressBar } from "./progress";
import { addTuning, readTuning, tuningFile } from "./tuning_file";

export const TUNE_HELP = `unstatic tune <folder> [options]
  tries a few algorithms for each shape of a model's step, checks each result against the default's, and remembers
  those that are more than 5 % faster three times in a row; generate and bench use them with --tuning
  --count <n>           pictures at once: shapes hold for one number only (default: 1)
  --guidance <n>        1 for the bare network (default: the model's own)
  --slowest <n>         only the shapes that take most of the step (default: all)
  --file <file.json>    where winners are remembered (default: unstatic/tuning.json in the user's cache folder)
  --json                print what was measured on standard output in place of the table`;

const TYPES = {
  count: { type: "string" },
  guidance: { type: "string" },
  slowest: { type: "string" },
  file: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function tune(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const [folder] = options.positionals;
  if (!folder) throw new UsageError("tune needs a folder");
  const count = options.integer("count", 1, 4096);
  const guidance = options.number("guidance");
  const slowest = options.integer("slowest", 1, 4096);
  const file = tuningFile(options.text("file"));
  await readTuningIfAny(file); // a spoilt file is no surprise for the end
  const bar = new ProgressBar();
  using model = await load(folder, { onProgress: (phase, done, total) => bar.show(phase, done, total) });
  try {
    const { tuning, place, shapes } = await tuneModel(model, {
      ...(count !== undefined && { count }),
      ...(guidance !== undefined && { guidance }),
      ...(slowest !== undefined && { slowest }),
      onProgress: (done, total) => bar.show("tune", done, total),
    });
    bar.clear();
    await addTuning(file, tuning);
    console.log(options.flag("json") ? JSON.stringify({ place, shapes }, null, 2) : tableOf(shapes));
    const winners = shapes.filter(({ winner }) => winner).length;
    console.error(`${place}\n${winners} of ${shapes.length} shapes are faster than the default: ${file}`);
    return true;
  } finally {
    bar.clear();
  }
}

async function readTuningIfAny(file: string): Promise<void> {
  const { existsSync } = await import("node:fs");
  if (existsSync(file)) await readTuning(file);
}

function tableOf(shapes: readonly TunedShape[]): string {
  const lines = shapes.map(({ key, labels, share, kernels, candidates, winner }) => {
    const others = labels.length > 1 ? ` and ${labels.length - 1} more` : "";
    const rows = candidates.map(({ choice, difference, gain, objection }) => {
      const wins = winner?.choice === choice ? `wins: ${winner.gain.toFixed(2)} x or more, thrice; ` : "";
      const note = objection ?? `${wins}differs by ${difference!.toExponential(0)}`;
      const cells = [choiceName(choice).padEnd(24), (gain === null ? "" : `${gain.toFixed(2)} x`).padStart(8), note];
      return `    ${cells.join("  ").trimEnd()}`;
    });
    return [
      key,
      `  ${labels[0]}${others}, ${(100 * share).toFixed(1)} % of the time: ${kernels.join(", ")}`,
      ...rows,
    ].join("\n");
  });
  return lines.join("\n\n");
}
