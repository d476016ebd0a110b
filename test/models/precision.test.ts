/**
 * The UNet with weights in f16 and int8, and with activations in f16, against diffusers in f32. What f16 may cost is stated;
 * what an adapter without shader-f16 cannot run is said so: the one skip that there is.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readShader } from "../../src/build/wgsl_plugin";
import { fileSource } from "../../src/checkpoint/file_source";
import { openFolder } from "../../src/checkpoint/folder";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { withHalves } from "../../src/kernels/half_activations";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { testDevice } from "../support/gpu";
import { type ForwardOptions, forward, readReference, relativeError } from "../support/unet";

const FOLDER = "test/fixtures/unets";
const NAMES = readdirSync(FOLDER).sort();

async function errorOf(folder: string, options: ForwardOptions): Promise<number> {
  const { unetConfig, unetConfigFile, checkpoint } = await openFolder(folder);
  const config = parseUNet2DConfig(unetConfig, unetConfigFile);
  const file = await openSafetensors(fileSource(`${folder}/reference.safetensors`));
  const output = await forward(config, checkpoint, await readReference(file), options);
  return relativeError(output, await file.read("output"));
}

const { features, description } = (await testDevice({ baseline: false })).device.adapter;
const hasHalf = features.includes("shader-f16");
if (!hasHalf) console.log(`skipped: activations in f16, since ${description} has no shader-f16`);

// Between them: attention of either kind, norms that modulate, uneven heads and channels, two sources, resampling.
const FEW = ["attention_groups", "odd_channels", "odd_heads", "resnet_samplers"];

describe.each([
  { algorithms: "that run everywhere", adapts: false, names: FEW },
  { algorithms: "that the adapter prefers", adapts: true, names: NAMES },
])("algorithms $algorithms", ({ adapts, names }) => {
  test.skipIf(!hasHalf).each(names)(
    "activations in f16: %s",
    async (name) => {
      const error = await errorOf(`${FOLDER}/${name}`, {
        adapts,
        precision: { weights: "f32", activations: "f16" },
      });
      console.log(`f16 ${name.padEnd(22)} max |difference| / std(output) = ${error.toExponential(2)}`);
      // Some twenty layers round to 2^-11 each, and the largest of a few hundred differences counts.
      expect(error).toBeLessThanOrEqual(2e-2);
      // Nor is it f32 in disguise.
      expect(error).toBeGreaterThan(1e-4);
      // A software adapter takes minutes over its first kernel of this size where others are at work, too.
    },
    400_000,
  );

  // Most files have f16 weights: no_mid_mish has not.
  test.each(["odd_heads", "no_mid_mish"])("weights in f16: %s", async (name) => {
    const error = await errorOf(`${FOLDER}/${name}`, {
      adapts,
      precision: { weights: "f16", activations: "f32" },
    });
    console.log(`w16 ${name.padEnd(22)} max |difference| / std(output) = ${error.toExponential(2)}`);
    expect(error).toBeLessThanOrEqual(1e-2);
  });
});

// Wide and large enough for the algorithms that the small models are too small for.
test.skipIf(!hasHalf)(
  "the trained model with activations in f16",
  async () => {
    const error = await errorOf("weights/doodle", { adapts: true, precision: { weights: "f16", activations: "f16" } });
    console.log(`f16 weights/doodle         max |difference| / std(output) = ${error.toExponential(2)}`);
    expect(error).toBeLessThanOrEqual(5e-2);
    expect(error).toBeGreaterThan(1e-4);
  },
  400_000,
);

/** Bindings that hold activations, in whichever kernel. */
const ACTIVATIONS = ["x", "second", "residual", "q", "k", "v", "y"];
/** Kernels of what is never f16: the sampler's numbers, time embeddings, products of Winograd's tiles. */
const EXACT =
  /noise|sampler|inpaint|threshold|rescale|embedding|nchw|rgba|picture|gather|layer_norm|^activation|advance/;

const SHADERS = readdirSync("shaders").filter((file) => file.endsWith(".wgsl") && !EXACT.test(file));

test.skipIf(!hasHalf).each(SHADERS)("%s is valid WGSL with activations in f16", async (file) => {
  const { shader } = readShader(`shaders/${file}`);
  // Winograd's v is a product's input, not an attention's.
  const bindings = ACTIVATIONS.filter(
    (name) => shader.bindings[name] && !(file === "winograd4_input.wgsl" && name === "v"),
  );
  const { gpu } = (await testDevice({ baseline: false })).device;
  const code = bindings.length > 0 ? withHalves(shader, shader.code, bindings) : shader.code;
  gpu.pushErrorScope("validation");
  const { messages } = await gpu.createShaderModule({ code }).getCompilationInfo();
  await gpu.popErrorScope();
  expect(
    messages.filter(({ type }) => type === "error").map(({ lineNum, message }) => `${lineNum} ${message}`),
  ).toEqual([]);
});
