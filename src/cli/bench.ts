/** `unstatic bench <folder>`: checks a model's result, then times it step by step and kernel by kernel. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { type BenchmarkOptions, benchmark, rooflineSvg, summaryOf } from "../index";
import { Options, UsageError } from "./options";
import { ProgressBar } from "./progress";
import { readTuning, tuningFile } from "./tuning_file";

export const BENCH_HELP = `unstatic bench <folder> [options]
  checks a forward pass against PyTorch's, then times steps, kernels and the adapter's own peaks
  --steps <n>           steps of the sampler (default: 20)
  --repeats <n>         samples of every figure (default: 10)
  --batch <n>           pictures at once (default: 1)
  --guidance <n>        1 for the bare network (default: the model's own)
  --seed <n>            64-bit seed of the static (default: 0)
  --precision <p>       f32 (default), or f16 for activations on adapters with shader-f16
  --weights <p>         f32, f16 or int8: how matrices lie on the GPU (default: as in the file)
  --reference <file>    what PyTorch gives (default: <folder>/reference.safetensors, by bench/make_reference.py)
  --tuning <file>       use what 'unstatic tune' found; 'own' for the file in the user's cache folder
  --out <file.json>     write the receipt
  --svg <file.svg>      write the roofline plot
  --json                print the receipt on standard output in place of the table`;

const TYPES = {
  steps: { type: "string" },
  repeats: { type: "string" },
  batch: { type: "string" },
  guidance: { type: "string" },
  seed: { type: "string" },
  precision: { type: "string" },
  weights: { type: "string" },
  reference: { type: "string" },
  tuning: { type: "string" },
  out: { type: "string" },
  svg: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function bench(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const [folder] = options.positionals;
  if (!folder) throw new UsageError("bench needs a folder");
  const bar = new ProgressBar();
  try {
    const tuning = options.text("tuning");
    const receipt = await benchmark(folder, {
      ...requestOf(options),
      ...(tuning !== undefined && { tuning: await readTuning(tuningFile(tuning)) }),
      software: {
        runtime: `Node ${process.versions.node}`,
        webgpu: `Dawn for Node ${versionOf("webgpu")}`,
        commit: await commit(),
      },
      onProgress: (phase, done, total) => bar.show(phase, done, total),
    });
    bar.clear();
    const json = `${JSON.stringify(receipt, null, 2)}\n`;
    const [out, svg] = [options.text("out"), options.text("svg")];
    if (out) await writeFile(out, json);
    if (svg) await writeFile(svg, rooflineSvg(receipt));
    console.log(options.flag("json") ? json.trimEnd() : summaryOf(receipt));
    return true;
  } finally {
    bar.clear();
  }
}

function requestOf(options: Options): BenchmarkOptions {
  const given = {
    steps: options.integer("steps", 1, 1000),
    repeats: options.integer("repeats", 1, 1000),
    batch: options.integer("batch", 1, 4096),
    guidance: options.number("guidance"),
    seed: options.seed("seed"),
    precision: options.text("precision"),
    weights: options.text("weights"),
    reference: options.text("reference"),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function versionOf(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** The commit that runs, with "+" where files differ from it; null outside a repository. */
async function commit(): Promise<string | null> {
  const git = promisify(execFile);
  try {
    const { stdout } = await git("git", ["describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]);
    return stdout.trim();
  } catch {
    return null;
  }
}
