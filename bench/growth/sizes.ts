/** Time of a step for growing pictures. */

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Spread, spreadOf } from "../../src/bench/spread";
import { load } from "../../src/index";
import { openLoop, type StepTime } from "../loop";
import { turn } from "./batches";

export interface SizeTime {
  /** Pixels of a side. */
  readonly size: number;
  readonly dispatches: number;
  readonly flops: number;
  /** Bytes of activations, states and uniforms. */
  readonly bytes: number;
  /** Milliseconds of a step. */
  readonly ms: Spread;
  readonly msMin: number;
  /** Milliseconds of processor time a step, over all cores. */
  readonly processorMs: number;
}

const FOLDER = join(import.meta.dirname, "../../.cache/growth");

export async function measureSizes(
  folder: string,
  name: string,
  sizes: readonly number[],
  rounds: number,
): Promise<SizeTime[]> {
  const measured: SizeTime[] = [];
  for (const size of sizes) {
    const model = await load(await resized(folder, name, size));
    try {
      const steps: StepTime[] = [];
      const loop = await openLoop(model, { steps: 50, count: 1 });
      for (let round = 0; round < rounds; round++) steps.push(...(await turn(loop)));
      const times = steps.map(({ wall }) => wall);
      measured.push({
        size,
        dispatches: loop.dispatches,
        flops: model.describe().flopsPerStep,
        bytes: loop.bytes,
        ms: spreadOf(times),
        msMin: Math.min(...times),
        processorMs: spreadOf(steps.map(({ processor }) => processor)).median,
      });
    } finally {
      model.destroy();
    }
    console.error(`sizes: ${size} x ${size}`);
  }
  return measured;
}

/** A folder with the same weights and another `sample_size`. */
async function resized(folder: string, name: string, size: number): Promise<string> {
  const unet = existsSync(join(folder, "unet")) ? join(folder, "unet") : folder;
  const copy = join(FOLDER, `${name}-${size}`);
  await rm(copy, { recursive: true, force: true });
  await mkdir(copy, { recursive: true });
  for (const file of await readdir(unet)) {
    if (file.endsWith(".safetensors")) await symlink(resolve(unet, file), join(copy, file));
  }
  const config = JSON.parse(await readFile(join(unet, "config.json"), "utf8"));
  await writeFile(join(copy, "config.json"), JSON.stringify({ ...config, sample_size: size }));
  return copy;
}
