/** Checkpoints that are not what the model needs: each is refused by name, before a number goes to the GPU. */
import { beforeAll, describe, expect, test } from "vitest";
import { memorySource } from "../../src/checkpoint/byte_source";
import { openFolder } from "../../src/checkpoint/folder";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { encodeSafetensors, type TensorToWrite } from "../../src/checkpoint/safetensors_writer";
import { termsOf } from "../../src/models/parameters";
import { type RecordedUNet2D, recordUNet2D } from "../../src/models/unet_2d";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { loadWeights } from "../../src/models/weights";
import { type Packing, Recording, type Weight } from "../../src/recording/recording";
import { CheckpointError, InputError } from "../../src/tensor/check";
import { paddedSizeOf } from "../../src/tensor/shape";

const FOLDER = "test/fixtures/unets/odd_heads";

let recording: Recording;
let unet: RecordedUNet2D;
let tensors: Map<string, TensorToWrite>;

beforeAll(async () => {
  const { unetConfig, unetConfigFile, checkpoint } = await openFolder(FOLDER);
  recording = new Recording("unet");
  const size = { batch: 1, height: 8, width: 8, steps: 3, conditions: 2 };
  unet = recordUNet2D(recording, parseUNet2DConfig(unetConfig, unetConfigFile), size);
  tensors = new Map();
  for (const [name, { dtype, shape }] of checkpoint.tensors) {
    tensors.set(name, { dtype, shape, bytes: await checkpoint.readBytes(name) });
  }
});

/** Loads the file that `change` makes of the good one; returns what was uploaded, by label. */
async function load(change: (tensors: Map<string, TensorToWrite>) => void): Promise<Map<string, Float32Array>> {
  const changed = new Map(tensors);
  change(changed);
  const checkpoint = await openSafetensors(memorySource(encodeSafetensors(changed), "model.safetensors"));
  const uploaded = new Map<string, Float32Array>();
  const upload = (weight: Weight, packed: Float32Array) => void uploaded.set(weight.label, packed);
  await loadWeights(recording.weights, unet.parameters, checkpoint, upload);
  return uploaded;
}

const half = (shape: readonly number[]): TensorToWrite => {
  return { dtype: "F16", shape, bytes: new Uint8Array(2 * shape.reduce((product, axis) => product * axis, 1)) };
};

describe("weights of a UNet2DModel", () => {
  test("every weight arrives once, in the size that its kernel expects", async () => {
    const uploaded = await load(() => {});
    expect(uploaded.size).toBe(recording.weights.length);
    for (const weight of recording.weights) {
      expect(uploaded.get(weight.label)!.length, weight.label).toBe(paddedSizeOf(weight.shape));
    }
  });

  test("heads of three channels are padded one by one", async () => {
    const vectors = (await load(() => {})).get("mid_block.attentions.0.to_qkv.vectors")!;
    const bias = vectors.subarray(-3 * 3 * 4); // behind the norm's scales and shifts
    expect([3, 7, 11, 15].map((i) => bias[i])).toEqual([0, 0, 0, 0]);
    expect(bias[0]).not.toBe(0);
  });

  test("attention matrices that were 1x1 convolutions mean the same numbers", async () => {
    const uploaded = await load((all) => {
      for (const [name, tensor] of all) {
        if (/attentions.*(to_[qkv]|to_out\.0)\.weight$/.test(name)) {
          all.set(name, { ...tensor, shape: [...tensor.shape, 1, 1] });
        }
      }
    });
    expect(uploaded).toEqual(await load(() => {}));
  });

  test.each<[why: string, change: (tensors: Map<string, TensorToWrite>) => void, message: string]>([
    [
      "a missing tensor",
      (all) => all.delete("mid_block.attentions.0.to_q.bias"),
      "model.safetensors: must have mid_block.attentions.0.to_q.bias, got none",
    ],
    [
      "many missing tensors",
      (all) => {
        for (const name of all.keys()) if (name.startsWith("up_blocks.0.resnets.0.")) all.delete(name);
      },
      "up_blocks.0.resnets.0.time_emb_proj.weight, up_blocks.0.resnets.0.time_emb_proj.bias",
    ],
    [
      "a tensor under another name",
      (all) => {
        all.set("conv_in.kernel", all.get("conv_in.weight")!);
        all.delete("conv_in.weight");
      },
      "model.safetensors: must have conv_in.weight, got none; the file has conv_in.kernel instead",
    ],
    [
      "a misshapen tensor",
      (all) => all.set("conv_out.weight", half([1, 5, 3, 1])),
      "model.safetensors: conv_out.weight must be (1, 5, 3, 3), got (1, 5, 3, 1)",
    ],
    [
      "a transposed matrix",
      (all) => all.set("time_embedding.linear_1.weight", half([5, 20])),
      "model.safetensors: time_embedding.linear_1.weight must be (20, 5), got (5, 20)",
    ],
    [
      "a tensor too many",
      (all) => all.set("ema.decay", half([1])),
      "model.safetensors: must have no tensors beyond the model's, got ema.decay",
    ],
    [
      "integers for weights",
      (all) => all.set("conv_in.bias", { dtype: "I8", shape: [5], bytes: new Uint8Array(5) }),
      "model.safetensors: conv_in.bias must be of floats, got I8",
    ],
    [
      "a NaN among the weights",
      (all) =>
        all.set("conv_in.bias", { dtype: "F16", shape: [5], bytes: new Uint8Array([0, 0, 0, 0x7e, 0, 0, 0, 0, 0, 0]) }),
      "model.safetensors: conv_in.bias: values must be finite, got NaN at 1",
    ],
  ])("refuses %s", async (_why, change, message) => {
    const loading = load(change);
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toThrow(message);
  });

  test("a size that cannot be halved often enough is the caller's mistake", () => {
    const config = parseUNet2DConfig({ block_out_channels: [32, 32, 32, 32], sample_size: 32 }, "config.json");
    const size = { batch: 1, height: 32, width: 20, steps: 1, conditions: 1 };
    expect(() => recordUNet2D(new Recording("unet"), config, size)).toThrow(InputError);
    expect(() => recordUNet2D(new Recording("unet"), config, size)).toThrow(
      "UNet2DModel: height and width must be multiples of 8 for 4 levels, got 32 x 20",
    );
  });

  test("every tensor of the checkpoint is used exactly once", () => {
    const partsOf = ({ parts, rest }: Packing): readonly string[] => [...parts, ...(rest ? partsOf(rest) : [])];
    const used = recording.weights.flatMap(({ packing }) => partsOf(packing).flatMap(termsOf));
    const rows = new Map<string, number>();
    for (const { name, rows: range } of used) {
      const all = unet.parameters.get(name)![0]!;
      rows.set(name, (rows.get(name) ?? 0) + (range ? range[1] - range[0] : all));
    }
    expect(rows).toEqual(new Map([...unet.parameters].map(([name, [first]]) => [name, first])));
  });
});
