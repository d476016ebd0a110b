/**
 * How a model's cost grows: with the batch, with the picture's size, with the number of steps; and what must not grow.
 *
 *     npm run bench:growth -- --rounds 5 --out bench/results
 *
 * A size other than the model's own is measured on a copy of its folder with another `sample_size`: a convolutional
 * network runs at any size, whatever it then draws.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { load } from "../../src/index";
import { adapterSlug, commit, loadNow, machineSince } from "../machine";
import { measureBatches } from "./batches";
import { growthSvg } from "./growth_svg";
import { type GrowthReceipt, summaryOf } from "./receipt";
import { measureSizes } from "./sizes";
import { measureSteps } from "./steps";

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      batches: { type: "string", default: "1,2,4,8,16" },
      sizes: { type: "string", default: "16,32,64,96,128" },
      steps: { type: "string", default: "1,3,10,30,100,300,1000" },
      out: { type: "string" },
    },
  });
  const folder = positionals[0] ?? "weights/doodle";
  const numbers = (list: string) => list.split(",").map(Number);
  const rounds = Number(values.rounds);
  const model = await load(folder);
  try {
    const loadBefore = loadNow();
    const { name } = model;
    const { description, kind } = await model.adapter();
    const batches = await measureBatches(model, numbers(values.batches), rounds);
    const steps = await measureSteps(model, numbers(values.steps));
    const sizes = await measureSizes(folder, name, numbers(values.sizes), rounds);
    const receipt: GrowthReceipt = {
      format: "unstatic-growth",
      version: 1,
      date: new Date().toISOString(),
      commit: commit(),
      adapter: description,
      kind,
      machine: machineSince(loadBefore),
      model: name,
      batches,
      sizes,
      steps,
    };
    console.log(summaryOf(receipt));
    if (values.out) {
      await mkdir(values.out, { recursive: true });
      const file = join(values.out, `growth-${adapterSlug(description)}-${name}`);
      await writeFile(`${file}.json`, `${JSON.stringify(receipt, null, 2)}\n`);
      await writeFile(`${file}.svg`, growthSvg(receipt));
      console.error(`receipt and plot: ${file}.json, ${file}.svg`);
    }
  } finally {
    model.destroy();
  }
  return 0;
}
