/**
 * google/ddpm-cifar10-32's architecture at full size, 35.7 M parameters, against diffusers. The weights are drawn on both
 * sides (test/support/counted_weights.ts, test/fixtures/make_cifar10.py), so that no file has to hold them.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fileSource } from "../../src/checkpoint/file_source";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { recordUNet2D } from "../../src/models/unet_2d";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { Recording } from "../../src/recording/recording";
import { sizeOf } from "../../src/tensor/shape";
import { countedCheckpoint, countedUniform } from "../support/counted_weights";
import { forward, readReference, relativeError } from "../support/unet";

const FOLDER = "test/fixtures/cifar10";

test("google/ddpm-cifar10-32 at full size gives what diffusers gives", { timeout: 600_000 }, async () => {
  const config = parseUNet2DConfig(JSON.parse(readFileSync(`${FOLDER}/config.json`, "utf8")), "config.json");
  const size = { batch: 1, height: 32, width: 32, steps: 1, conditions: 1 };
  const { parameters } = recordUNet2D(new Recording("cifar10"), config, size);
  expect([...parameters.values()].reduce((sum, shape) => sum + sizeOf(shape), 0)).toBe(35_746_307);

  const file = await openSafetensors(fileSource(`${FOLDER}/reference.safetensors`));
  const reference = await readReference(file);
  expect(countedUniform("sample", 3 * 32 * 32)).toEqual(reference.sample);
  const start = performance.now();
  const output = await forward(config, countedCheckpoint(parameters), reference);
  const error = relativeError(output, await file.read("output"));
  const seconds = (performance.now() - start) / 1000;
  console.log(`cifar10 max |difference| / std(output) = ${error.toExponential(2)} in ${seconds.toFixed(1)} s`);
  expect(error).toBeLessThanOrEqual(5e-5);
});
