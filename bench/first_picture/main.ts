/**
 * Time to the first picture, cold and warm, in Node: with no kernel compiled before, and with the driver's cache on disk.
 *
 *     npm run bench:first-picture -- --trials 3 --out bench/results
 *
 * Every trial is a process of its own. Mesa keeps compiled kernels in a folder, which is a new one for each cold trial;
 * SwiftShader keeps nothing, so that every trial is cold there. What a page adds, the download, is measured in pages.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Spread, spreadOf } from "../../src/bench/spread";
import { digits, mebibytes, textTable } from "../../src/bench/text_table";
import { adapterSlug, commit, loadNow, type Machine, machineSince } from "../machine";
import type { FirstPicture } from "./child";

/** Milliseconds of each part, over the trials. */
type Parts = Readonly<Record<"load" | "compile" | "firstStep" | "otherSteps" | "total" | "processor", Spread>>;

interface FirstPictureReceipt {
  readonly format: "unstatic-first-picture";
  readonly version: 1;
  readonly date: string;
  readonly commit: string;
  readonly adapter: string;
  readonly machine: Machine;
  readonly model: string;
  readonly steps: number;
  readonly pipelines: number;
  readonly cold: Parts;
  readonly warm: Parts;
  /** Bytes on the GPU, and of the process at the end. */
  readonly memory: FirstPicture["memory"];
  readonly trials: { readonly cold: readonly FirstPicture[]; readonly warm: readonly FirstPicture[] };
}

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      trials: { type: "string", default: "3" },
      steps: { type: "string", default: "24" },
      out: { type: "string" },
    },
  });
  const folder = positionals[0] ?? "weights/doodle";
  const loadBefore = loadNow();
  const cold: FirstPicture[] = [];
  const warm: FirstPicture[] = [];
  for (let trial = 0; trial < Number(values.trials); trial++) {
    const cache = await mkdtemp(join(tmpdir(), "unstatic-shaders-"));
    try {
      cold.push(await firstPicture(folder, values.steps, cache));
      warm.push(await firstPicture(folder, values.steps, cache));
    } finally {
      await rm(cache, { recursive: true });
    }
    console.error(`trial ${trial + 1} of ${values.trials}`);
  }
  const { adapter, model, memory, pipelines } = warm.at(-1)!;
  const receipt: FirstPictureReceipt = {
    format: "unstatic-first-picture",
    version: 1,
    date: new Date().toISOString(),
    commit: commit(),
    adapter,
    machine: machineSince(loadBefore),
    model,
    steps: Number(values.steps),
    pipelines,
    cold: partsOf(cold),
    warm: partsOf(warm),
    memory,
    trials: { cold, warm },
  };
  console.log(summaryOf(receipt));
  if (values.out) {
    await mkdir(values.out, { recursive: true });
    const file = join(values.out, `first-picture-${adapterSlug(adapter)}-${model}.json`);
    await writeFile(file, `${JSON.stringify(receipt, null, 2)}\n`);
    console.error(`receipt: ${file}`);
  }
  return 0;
}

async function firstPicture(folder: string, steps: string, cache: string): Promise<FirstPicture> {
  const child = fork(join(import.meta.dirname, "../run.mjs"), ["first_picture/child.ts", folder, steps], {
    env: { ...process.env, MESA_SHADER_CACHE_DIR: cache },
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a trial ended with ${code}`);
  });
  ended.catch(() => {});
  const [told] = await Promise.race([once(child, "message"), ended]);
  await ended.catch(() => {});
  return told as FirstPicture;
}

function partsOf(trials: readonly FirstPicture[]): Parts {
  const part = (name: keyof Parts) => spreadOf(trials.map(({ ms }) => ms[name]));
  return {
    load: part("load"),
    compile: part("compile"),
    firstStep: part("firstStep"),
    otherSteps: part("otherSteps"),
    total: part("total"),
    processor: part("processor"),
  };
}

function summaryOf({
  adapter,
  model,
  steps,
  pipelines,
  machine,
  cold,
  warm,
  memory,
  commit,
}: FirstPictureReceipt): string {
  const row = (name: string, parts: Parts) => [
    name,
    ...[parts.load, parts.compile, parts.firstStep, parts.otherSteps, parts.total, parts.processor].map(({ median }) =>
      digits(median),
    ),
  ];
  return [
    `${model} on ${adapter}, ${steps} steps, ${pipelines} pipelines, commit ${commit}, ${machine.cores} cores, ` +
      `load ${digits(machine.loadBefore)} to ${digits(machine.loadAfter)}`,
    textTable(
      ["ms, median", "device + weights", "compile", "first step", "other steps", "picture", "CPU in all"],
      [row("cold", cold), row("warm", warm)],
    ),
    `memory: weights ${mebibytes(memory.weights)}, program ${mebibytes(memory.program)} on the GPU; ` +
      `the process ${mebibytes(memory.process)}`,
  ].join("\n");
}
