/** The trained model by every algorithm of the table, mixed as a tuner may mix them, against diffusers. */
import { expect, test } from "vitest";
import { fileSource } from "../../src/checkpoint/file_source";
import { openFolder } from "../../src/checkpoint/folder";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import type { Chooser } from "../../src/kernels/choices";
import type { Convolution } from "../../src/kernels/conv2d";
import { algorithmsFor, fetchAlgorithms, type Target } from "../../src/kernels/variants";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { forward, readReference, relativeError } from "../support/unet";

const FOLDER = "weights/doodle";

const NAMES = {
  gpu: ["few_inputs", "few_outputs", "split", "tile", "winograd4", "winograd2", "direct"],
  cpu: ["winograd4", "winograd2", "direct"],
} as const;

const cases = (["gpu", "cpu"] as const).flatMap((kind) => NAMES[kind].map((name) => ({ kind, name })));

test.each(cases)("the doodle model on a $kind, $name wherever it suits", async ({ kind, name }) => {
  const target: Target = { kind, subgroupSize: null };
  await fetchAlgorithms(target, true);
  let count = 0;
  const choose: Chooser = (operation) => {
    if (operation.kind !== "conv2d" || !algorithmsFor(operation as Convolution, target).includes(name))
      return undefined;
    count++;
    return { algorithm: name };
  };
  const { unetConfig, unetConfigFile, checkpoint } = await openFolder(FOLDER);
  const config = parseUNet2DConfig(unetConfig, unetConfigFile);
  const file = await openSafetensors(fileSource(`${FOLDER}/reference.safetensors`));
  const output = await forward(config, checkpoint, await readReference(file), { target, choose });
  expect(relativeError(output, await file.read("output"))).toBeLessThanOrEqual(5e-5);
  expect(count).toBeGreaterThan(0);
});
