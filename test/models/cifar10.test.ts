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
import { testDevice } from "../support/gpu";
import { forward, relativeError } from "../support/unet";

const FOLDER = "test/fixtures/cifar10";

test("google/ddpm-cifar10-32 at full size gives what diffusers gives", { timeout: 600_000 }, async () => {
  const { device } = await testDevice();
  const isSlow = /swiftshader/i.test(JSON.stringify(device.adapter));
  const size = isSlow ? 16 : 32;
  if (isSlow) console.log("SwiftShader needs a minute for a 32 x 32 picture: checked on 16 x 16, same weights");
  const config = parseUNet2DConfig(JSON.parse(readFileSync(`${FOLDER}/config.json`, "utf8")), "config.json");
  const options = { batch: 1, height: size, width: size, steps: 1, conditions: 1 };
  const { parameters } = recordUNet2D(new Recording("cifar10"), config, options);
  expect([...parameters.values()].reduce((sum, shape) => sum + sizeOf(shape), 0)).toBe(35_746_307);

  const file = await openSafetensors(fileSource(`${FOLDER}/reference.safetensors`));
  const sample = await file.read(`${size}/sample`);
  expect(countedUniform("sample", 3 * size * size)).toEqual(sample);
  const reference = { sample, shape: [1, 3, size, size], timestep: await file.read("timestep"), classLabels: null };
  const start = performance.now();
  const output = await forward(config, countedCheckpoint(parameters), reference);
  const error = relativeError(output, await file.read(`${size}/output`));
  const seconds = (performance.now() - start) / 1000;
  console.log(`cifar10 max |difference| / std(output) = ${error.toExponential(2)} in ${seconds.toFixed(1)} s`);
  expect(error).toBeLessThanOrEqual(5e-5);
});
