/**
 * The whole UNet against the real diffusers: same weights, same inputs, made by test/fixtures/make_unets.py.
 * Why each configuration is there stands in that script.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src/checkpoint/checkpoint";
import { fileSource } from "../../src/checkpoint/file_source";
import { openFolder } from "../../src/checkpoint/folder";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { parseUNet2DConfig, type UNet2DConfig } from "../../src/models/unet_2d_config";
import { forward, type Reference, readReference, relativeError } from "../support/unet";

const FOLDER = "test/fixtures/unets";

describe.each([
  { algorithms: "the algorithms that run everywhere", adapts: false },
  { algorithms: "those that the adapter prefers", adapts: true },
])("UNet2DModel gives what diffusers gives by $algorithms", ({ adapts }) => {
  test.each(readdirSync(FOLDER).sort())("%s", async (name) => {
    const { unetConfig, unetConfigFile, checkpoint } = await openFolder(`${FOLDER}/${name}`);
    const config = parseUNet2DConfig(unetConfig, unetConfigFile);
    const file = await openSafetensors(fileSource(`${FOLDER}/${name}/reference.safetensors`));
    const reference = await readReference(file);

    const error = relativeError(await forward(config, checkpoint, reference, { adapts }), await file.read("output"));
    console.log(`${name.padEnd(22)} max |difference| / std(output) = ${error.toExponential(2)}`);
    // f32 on both sides: twenty layers of sums in another order.
    if (!(error <= 5e-5))
      throw new Error(`${error} of std(output); ${await departure(config, checkpoint, reference, file, adapts)}`);
    expect(error).toBeLessThanOrEqual(5e-5);
  });
});

describe("the time embeddings of a whole schedule", () => {
  test.each([
    ["doodle", "classes from a table"],
    ["resnet_blocks", "time that scales and shifts"],
    ["class_identity", "labels that are embeddings"],
    ["fourier", "an output divided by its timestep"],
  ])("%s: %s, at the last of three steps", async (name) => {
    const { unetConfig, unetConfigFile, checkpoint } = await openFolder(`${FOLDER}/${name}`);
    const config = parseUNet2DConfig(unetConfig, unetConfigFile);
    const file = await openSafetensors(fileSource(`${FOLDER}/${name}/reference.safetensors`));
    const output = await forward(config, checkpoint, await readReference(file), { steps: 3 });
    expect(relativeError(output, await file.read("output"))).toBeLessThanOrEqual(5e-5);
  });
});

/** Which block's output is the first to differ from diffusers' by more than its half floats explain. */
async function departure(
  config: UNet2DConfig,
  checkpoint: Checkpoint,
  reference: Reference,
  file: Checkpoint,
  adapts: boolean,
): Promise<string> {
  const blocks = [...config.downBlockTypes.keys()].map((level) => `down_blocks.${level}`);
  const ups = [...config.upBlockTypes.keys()].slice(0, -1).map((level) => `up_blocks.${level}`);
  for (const block of ["time_embedding", "conv_in", ...blocks, ...(config.hasMidBlock ? ["mid_block"] : []), ...ups]) {
    const error = relativeError(
      await forward(config, checkpoint, reference, { block, adapts }),
      await file.read(block),
    );
    if (!(error <= 5e-3)) return `${block} is the first to depart, by ${error} of its std`;
  }
  return "no block departs by more than half floats do: look after the last one";
}
