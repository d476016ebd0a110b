import { describe, expect, test } from "vitest";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { layoutUNet2D, resnetsOf } from "../../src/models/unet_2d_layout";
import { CheckpointError } from "../../src/tensor/check";
import { uniform } from "../support/random";

const GOOD = {
  _class_name: "UNet2DModel",
  _diffusers_version: "0.42.1",
  sample_size: 32,
  block_out_channels: [8, 16],
  down_block_types: ["DownBlock2D", "AttnDownBlock2D"],
  up_block_types: ["AttnUpBlock2D", "UpBlock2D"],
  norm_num_groups: 4,
  layers_per_block: 1,
  attention_head_dim: 8,
};

function messageOf(change: Record<string, unknown>): string {
  try {
    parseUNet2DConfig({ ...GOOD, ...change }, "config.json");
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message;
  }
  throw new Error(`no error for ${JSON.stringify(change)}`);
}

describe("config.json of a UNet2DModel", () => {
  test("missing fields mean what diffusers' defaults are", () => {
    const config = parseUNet2DConfig({}, "config.json");
    expect(config).toMatchObject({
      sampleSize: null,
      inChannels: 3,
      blockOutChannels: [224, 448, 672, 896],
      layersPerBlock: 2,
      timeProjection: { type: "positional", flipSinToCos: true, freqShift: 0 },
      timeEmbeddingDim: 896,
      classEmbedding: { type: "none" },
      attentionHeadDim: 8,
      midAttentionGroups: 32,
      hasMidBlock: true,
      normEps: 1e-5,
    });
  });

  test("the fields that depend on each other", () => {
    const parse = (change: Record<string, unknown>) => parseUNet2DConfig({ ...GOOD, ...change }, "config.json");
    expect(parse({ resnet_time_scale_shift: "scale_shift" }).midAttentionGroups).toBe(null);
    expect(parse({ resnet_time_scale_shift: "scale_shift", attn_norm_num_groups: 2 }).midAttentionGroups).toBe(2);
    expect(parse({ num_class_embeds: 7 }).classEmbedding).toEqual({ type: "learned", classes: 7 });
    expect(parse({ num_class_embeds: 7, class_embed_type: "timestep" }).classEmbedding).toEqual({ type: "timestep" });
    expect(parse({ time_embedding_dim: 0 }).timeEmbeddingDim).toBe(32);
    expect(parse({ sample_size: [16, 8] }).sampleSize).toEqual([16, 8]);
    expect(parse({ act_fn: "Swish" }).activation).toBe("silu");
    expect(parse({ downsample_type: null }).downsampleType).toBe("conv");
    expect(parse({ mid_block_type: null }).hasMidBlock).toBe(false);
  });

  test("the first releases' names", () => {
    const config = parseUNet2DConfig(
      {
        ...GOOD,
        _class_name: "UNetUnconditionalModel",
        down_block_types: ["UNetResDownBlock2D", "UNetResAttnDownBlock2D"],
        up_block_types: ["UNetResAttnUpBlock2D", "UNetResUpBlock2D"],
        resolution: 32,
      },
      "config.json",
    );
    expect(config.downBlockTypes).toEqual(["DownBlock2D", "AttnDownBlock2D"]);
    expect(config.upBlockTypes).toEqual(["AttnUpBlock2D", "UpBlock2D"]);
  });

  test.each<[change: Record<string, unknown>, message: string]>([
    [{ _class_name: "UNet2DConditionModel" }, "_class_name must be one of UNet2DModel"],
    [{ in_channels: 1e9 }, "in_channels must be an integer from 1 to 16384, got 1000000000"],
    [{ in_channels: 0 }, "in_channels must be an integer from 1 to 16384, got 0"],
    [{ out_channels: "3" }, 'out_channels must be an integer from 1 to 16384, got "3"'],
    [{ block_out_channels: [] }, "block_out_channels must be a list of 1 to 12 items, got []"],
    [{ block_out_channels: [8, 1e9] }, "block_out_channels[1] must be an integer from 1 to 16384, got 1000000000"],
    [
      { block_out_channels: [8, 16, 32] },
      "down_block_types must have one entry per level of block_out_channels (3), got 2",
    ],
    [
      { up_block_types: ["UpBlock2D"] },
      "up_block_types must have one entry per level of block_out_channels (2), got 1",
    ],
    [
      { down_block_types: ["DownBlock2D", "KDownBlock2D"] },
      'down_block_types[1] must be one of DownBlock2D, AttnDownBlock2D, ResnetDownsampleBlock2D, got "KDownBlock2D"',
    ],
    [
      { down_block_types: ["SkipDownBlock2D", "AttnSkipDownBlock2D"] },
      'down_block_types[0] must be one of DownBlock2D, AttnDownBlock2D, ResnetDownsampleBlock2D, got "SkipDownBlock2D" (the FIR skip blocks of NCSN++ are not supported)',
    ],
    [
      { up_block_types: ["AttnSkipUpBlock2D", "SkipUpBlock2D"] },
      'up_block_types[0] must be one of UpBlock2D, AttnUpBlock2D, ResnetUpsampleBlock2D, got "AttnSkipUpBlock2D"',
    ],
    [
      { mid_block_type: "UNetMidBlock2DCrossAttn" },
      'mid_block_type must be one of UNetMidBlock2D, got "UNetMidBlock2DCrossAttn"',
    ],
    [{ layers_per_block: -1 }, "layers_per_block must be an integer from 1 to 64, got -1"],
    [{ layers_per_block: 0 }, "layers_per_block must be an integer from 1 to 64, got 0"],
    [{ norm_num_groups: 3 }, "norm_num_groups must divide block_out_channels[0] = 8, got 3"],
    [{ norm_num_groups: null }, "norm_num_groups must be an integer from 1 to 16384, got null"],
    [{ attn_norm_num_groups: 5 }, "attn_norm_num_groups must divide block_out_channels[1] = 16, got 5"],
    [{ attention_head_dim: 17 }, "attention_head_dim must be at most block_out_channels[1] = 16, got 17"],
    [{ attention_head_dim: 0 }, "attention_head_dim must be an integer from 1 to 16384, got 0"],
    [
      { block_out_channels: [8, 1024], attention_head_dim: null },
      "attention_head_dim must make heads of at most 512 channels, got null, which makes one of 1024",
    ],
    [{ norm_eps: -1 }, "norm_eps must be a number from 0 to 1, got -1"],
    [{ act_fn: "tanh" }, 'act_fn must be one of silu, swish, gelu, mish, relu, got "tanh"'],
    [{ act_fn: "constructor" }, 'act_fn must be one of silu, swish, gelu, mish, relu, got "constructor"'],
    [
      { resnet_time_scale_shift: "ada_group" },
      'resnet_time_scale_shift must be one of default, scale_shift, got "ada_group"',
    ],
    [
      { time_embedding_type: "rotary" },
      'time_embedding_type must be one of positional, fourier, learned, got "rotary"',
    ],
    [{ time_embedding_type: "learned" }, "num_train_timesteps must be given, got nothing"],
    [{ freq_shift: 4 }, "freq_shift must be below half of block_out_channels[0] = 8, got 4"],
    [{ class_embed_type: "projection" }, 'class_embed_type must be one of timestep, identity, got "projection"'],
    [{ num_class_embeds: 0 }, "num_class_embeds must be an integer from 1 to 1000000, got 0"],
    [{ downsample_padding: 2 }, "downsample_padding must be an integer from 0 to 1, got 2"],
    [{ downsample_type: "fir" }, 'downsample_type must be one of conv, resnet, got "fir"'],
    [{ upsample_type: "transpose" }, 'upsample_type must be one of conv, resnet, got "transpose"'],
    [{ mid_block_scale_factor: 0 }, "mid_block_scale_factor must be a number from 0.000001 to 1000000, got 0"],
    [{ sample_size: -32 }, "sample_size must be an integer from 1 to 16384, got -32"],
    [{ sample_size: [32] }, "sample_size must be a list of 2 items, got [32]"],
    [{ center_input_sample: 1 }, "center_input_sample must be true or false, got 1"],
    [{ cross_attention_dim: 768 }, "cross_attention_dim must be a field of UNet2DModel, got 768"],
  ])("refuses %o", (change, message) => {
    expect(messageOf(change)).toContain(`config.json: ${message}`);
  });

  test("whatever a field holds: parsed and laid out at once, or refused by name", () => {
    const fieldNames = [
      ...Object.keys(GOOD),
      "in_channels",
      "class_embed_type",
      "num_class_embeds",
      "norm_eps",
      "act_fn",
    ];
    fieldNames.push("time_embedding_type", "time_embedding_dim", "downsample_padding", "mid_block_type", "freq_shift");
    fieldNames.push(
      "attn_norm_num_groups",
      "mid_block_scale_factor",
      "add_attention",
      "num_train_timesteps",
      "dropout",
    );
    const values: unknown[] = [null, true, -1, 0, 1, 2, 3, 0.5, 1e9, 1e308, Number.NaN, Infinity, "", "identity"];
    values.push([], [8], [8, 16], [16, 8, 4], [[8]], {}, { 0: 8 }, "UpBlock2D", ["UpBlock2D", "UpBlock2D"], "learned");
    const random = uniform(30_000, 11);
    let accepted = 0;
    for (let i = 0; i < random.length; i += 6) {
      const change: Record<string, unknown> = {};
      for (let j = 0; j <= (i / 6) % 3; j++) {
        const name = fieldNames[Math.floor(random[i + 2 * j]! * fieldNames.length)]!;
        change[name] = values[Math.floor(random[i + 2 * j + 1]! * values.length)];
      }
      try {
        resnetsOf(layoutUNet2D(parseUNet2DConfig({ ...GOOD, ...change }, "config.json")));
        accepted++;
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
        expect((error as Error).message).toMatch(/^config\.json: \w+/);
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });
});
