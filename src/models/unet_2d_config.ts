/**
 * The configuration of diffusers' UNet2DModel, read from a config.json that nobody vouches for.
 *
 * Names, defaults and their consequences are those of diffusers 0.42 (models/unets/unet_2d.py). Whatever diffusers
 * accepts is either understood here or refused with the field's name, before anything is allocated.
 */
import { type Fields, fields } from "../checkpoint/fields";
import { describe, type JsonObject } from "../checkpoint/json";
import type { Activation } from "../kernels/activation";
import { CheckpointError, check } from "../tensor/check";

export type DownBlockType = "DownBlock2D" | "AttnDownBlock2D" | "ResnetDownsampleBlock2D";
export type UpBlockType = "UpBlock2D" | "AttnUpBlock2D" | "ResnetUpsampleBlock2D";

/** What the class labels are: nothing, rows of a table, timesteps, or embeddings already. */
export type ClassEmbedding =
  | { readonly type: "none" }
  | { readonly type: "learned"; readonly classes: number }
  | { readonly type: "timestep" }
  | { readonly type: "identity" };

/** How a timestep becomes numbers before the first linear layer. */
export type TimeProjection =
  | { readonly type: "positional"; readonly flipSinToCos: boolean; readonly freqShift: number }
  | { readonly type: "fourier" }
  | { readonly type: "learned"; readonly timesteps: number };

/** A checked configuration; lists have one entry per level, the widest picture first. */
export interface UNet2DConfig {
  /** Height and width that the model was made for; null where any will do. */
  readonly sampleSize: readonly [height: number, width: number] | null;
  readonly inChannels: number;
  readonly outChannels: number;
  /** The network sees 2 x - 1 instead of x. */
  readonly centerInputSample: boolean;
  readonly timeProjection: TimeProjection;
  /** Width of the time embedding. */
  readonly timeEmbeddingDim: number;
  readonly classEmbedding: ClassEmbedding;
  readonly downBlockTypes: readonly DownBlockType[];
  readonly hasMidBlock: boolean;
  /** As diffusers lists them, from the narrowest picture up. */
  readonly upBlockTypes: readonly UpBlockType[];
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  /** The mid block divides its residual sums by this. */
  readonly midBlockScaleFactor: number;
  /** 0 means one row and column of zeros at the bottom and the right only. */
  readonly downsamplePadding: 0 | 1;
  readonly downsampleType: "conv" | "resnet";
  readonly upsampleType: "conv" | "resnet";
  readonly activation: Activation;
  /** Channels of one head; null means one head of all channels. */
  readonly attentionHeadDim: number | null;
  readonly normNumGroups: number;
  /** Groups of the norm before the mid block's attention; null means no norm. */
  readonly midAttentionGroups: number | null;
  readonly normEps: number;
  readonly timeScaleShift: boolean;
  /** Whether the mid block has an attention. */
  readonly addAttention: boolean;
}

const CHANNELS_MAX = 16384;
const LEVELS_MAX = 12;
const LAYERS_MAX = 64;
const SIZE_MAX = 16384;
const ROWS_MAX = 1_000_000;
/** What the attention kernel can hold of one head. */
const HEAD_DIM_MAX = 512;

const DOWN_BLOCKS: readonly DownBlockType[] = ["DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D"];
const UP_BLOCKS: readonly UpBlockType[] = ["UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"];

/** diffusers' names for the activations; "swish" is silu. */
const ACTIVATION_NAMES: Readonly<Record<string, Activation>> = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  mish: "mish",
  relu: "relu",
};

/** Fields that old or training-time files carry and that diffusers ignores; the latter are those of its EMAModel. */
const WITHOUT_INFLUENCE = ["resolution", "decay", "min_decay", "optimization_step", "update_after_step"];
const WITHOUT_INFLUENCE_EMA = ["use_ema_warmup", "inv_gamma", "power"];

/**
 * Parses a config.json; `where` names the file.
 * @throws CheckpointError that names the field, what it must hold and what it held.
 */
export function parseUNet2DConfig(json: JsonObject, where: string): UNet2DConfig {
  const f = fields(json, where);
  f.oneOf("_class_name", ["UNet2DModel", "UNetUnconditionalModel", "UNetModel"], "UNet2DModel");
  const structure = parseStructure(f, json);
  const attention = parseAttention(f, structure);
  const config: UNet2DConfig = {
    ...structure,
    ...attention,
    sampleSize: parseSampleSize(f, json),
    inChannels: f.int("in_channels", { min: 1, max: CHANNELS_MAX, default: 3 }),
    outChannels: f.int("out_channels", { min: 1, max: CHANNELS_MAX, default: 3 }),
    centerInputSample: f.boolean("center_input_sample", false),
    timeProjection: parseTimeProjection(f, structure.blockOutChannels[0]!),
    timeEmbeddingDim: parseTimeEmbeddingDim(f, structure.blockOutChannels[0]!),
    classEmbedding: parseClassEmbedding(f),
    midBlockScaleFactor: f.number("mid_block_scale_factor", { min: 1e-6, max: 1e6, default: 1 }),
    downsamplePadding: f.int("downsample_padding", { min: 0, max: 1, default: 1 }) as 0 | 1,
    downsampleType: sampling(f, "downsample_type"),
    upsampleType: sampling(f, "upsample_type"),
    activation: parseActivation(f),
    normEps: f.number("norm_eps", { min: 0, max: 1, default: 1e-5 }),
  };
  f.number("dropout", { min: 0, max: 1, default: 0 });
  f.ignore(...WITHOUT_INFLUENCE, ...WITHOUT_INFLUENCE_EMA, "num_train_timesteps", "flip_sin_to_cos", "freq_shift");
  const rest = f.rest();
  check(
    rest.length === 0,
    () => `${where}: ${rest[0]} must be a field of UNet2DModel, got ${describe(json[rest[0]!])}`,
    CheckpointError,
  );
  return config;
}

/** Levels, their channels and their blocks: the fields whose lengths must agree. */
function parseStructure(f: Fields, json: JsonObject) {
  const blockOutChannels = f.ints("block_out_channels", {
    min: 1,
    max: CHANNELS_MAX,
    minLength: 1,
    maxLength: LEVELS_MAX,
    default: [224, 448, 672, 896],
  });
  const downDefault = ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"];
  const upDefault = ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"];
  const midType = f.isNull("mid_block_type") ? null : f.oneOf("mid_block_type", ["UNetMidBlock2D"], "UNetMidBlock2D");
  const structure = {
    blockOutChannels,
    downBlockTypes: blockTypes(f, "down_block_types", DOWN_BLOCKS, downDefault),
    upBlockTypes: blockTypes(f, "up_block_types", UP_BLOCKS, upDefault),
    hasMidBlock: midType !== null,
    layersPerBlock: f.int("layers_per_block", { min: 1, max: LAYERS_MAX, default: 2 }),
    normNumGroups: f.int("norm_num_groups", { min: 1, max: CHANNELS_MAX, default: 32 }),
    timeScaleShift: f.oneOf("resnet_time_scale_shift", ["default", "scale_shift"], "default") === "scale_shift",
  };
  for (const field of ["down_block_types", "up_block_types"] as const) {
    const { length } = field === "down_block_types" ? structure.downBlockTypes : structure.upBlockTypes;
    check(
      length === blockOutChannels.length,
      () =>
        `${f.where}: ${field} must have one entry per level of block_out_channels (${blockOutChannels.length}), ` +
        `got ${length}`,
      CheckpointError,
    );
  }
  blockOutChannels.forEach((channels, level) => {
    check(
      channels % structure.normNumGroups === 0,
      () =>
        `${f.where}: norm_num_groups must divide block_out_channels[${level}] = ${channels}, ` +
        `got ${describe(json.norm_num_groups ?? structure.normNumGroups)}`,
      CheckpointError,
    );
  });
  return structure;
}

/** Block names; the first releases put "UNetRes" before them. */
function blockTypes<Type extends string>(
  f: Fields,
  field: string,
  known: readonly Type[],
  missing: readonly string[],
): readonly Type[] {
  const names = f.strings(field, { minLength: 1, maxLength: LEVELS_MAX, default: missing });
  return names.map((name, level) => {
    const type = known.find((candidate) => candidate === name.replace(/^UNetRes/, ""));
    const remark = /Skip/.test(name) ? " (the FIR skip blocks of NCSN++ are not supported)" : "";
    check(
      type !== undefined,
      () => `${f.where}: ${field}[${level}] must be one of ${known.join(", ")}, got ${describe(name)}${remark}`,
      CheckpointError,
    );
    return type;
  });
}

function parseAttention(f: Fields, structure: ReturnType<typeof parseStructure>) {
  const { blockOutChannels, downBlockTypes, upBlockTypes, hasMidBlock, normNumGroups, timeScaleShift } = structure;
  const addAttention = f.boolean("add_attention", true);
  const headDim = f.isNull("attention_head_dim")
    ? null
    : f.int("attention_head_dim", { min: 1, max: CHANNELS_MAX, default: 8 });
  const groups = f.isAbsent("attn_norm_num_groups")
    ? null
    : f.int("attn_norm_num_groups", { min: 1, max: CHANNELS_MAX });
  const last = blockOutChannels.length - 1;
  const hasMidAttention = hasMidBlock && addAttention;
  blockOutChannels.forEach((channels, level) => {
    const hasAttention =
      downBlockTypes[level] === "AttnDownBlock2D" ||
      upBlockTypes[last - level] === "AttnUpBlock2D" ||
      (level === last && hasMidAttention);
    check(
      !hasAttention || headDim === null || headDim <= channels,
      () => `${f.where}: attention_head_dim must be at most block_out_channels[${level}] = ${channels}, got ${headDim}`,
      CheckpointError,
    );
    const made = headDim ?? channels;
    check(
      !hasAttention || made <= HEAD_DIM_MAX,
      () =>
        `${f.where}: attention_head_dim must make heads of at most ${HEAD_DIM_MAX} channels, ` +
        `got ${headDim}, which makes one of ${made}`,
      CheckpointError,
    );
  });
  const width = blockOutChannels[last]!;
  check(
    !hasMidAttention || groups === null || width % groups === 0,
    () => `${f.where}: attn_norm_num_groups must divide block_out_channels[${last}] = ${width}, got ${groups}`,
    CheckpointError,
  );
  // Only where neither is given does the mid block's attention go without a norm: UNetMidBlock2D's own rule.
  return {
    addAttention,
    attentionHeadDim: headDim,
    midAttentionGroups: groups ?? (timeScaleShift ? null : normNumGroups),
  };
}

function parseSampleSize(f: Fields, json: JsonObject): readonly [number, number] | null {
  if (f.isAbsent("sample_size")) return null;
  const rule = { min: 1, max: SIZE_MAX };
  if (!Array.isArray(json.sample_size)) {
    const size = f.int("sample_size", rule);
    return [size, size];
  }
  const [height, width] = f.ints("sample_size", { ...rule, minLength: 2, maxLength: 2 });
  return [height!, width!];
}

function parseTimeProjection(f: Fields, channels: number): TimeProjection {
  const type = f.oneOf("time_embedding_type", ["positional", "fourier", "learned"], "positional");
  if (type === "fourier") return { type };
  if (type === "learned") return { type, timesteps: f.int("num_train_timesteps", { min: 1, max: ROWS_MAX }) };
  const freqShift = f.number("freq_shift", { min: -CHANNELS_MAX, max: CHANNELS_MAX, default: 0 });
  // The exponent of frequency i is i / (half - freq_shift): beyond half, frequencies would grow without bound.
  const half = Math.floor(channels / 2);
  check(
    freqShift < half,
    () => `${f.where}: freq_shift must be below half of block_out_channels[0] = ${channels}, got ${freqShift}`,
    CheckpointError,
  );
  return { type, flipSinToCos: f.boolean("flip_sin_to_cos", true), freqShift };
}

/** Missing, null and 0 all mean four times the first level's channels: Python's `or`. */
function parseTimeEmbeddingDim(f: Fields, channels: number): number {
  const given = f.isAbsent("time_embedding_dim") ? 0 : f.int("time_embedding_dim", { min: 0, max: 4 * CHANNELS_MAX });
  return given || 4 * channels;
}

function parseClassEmbedding(f: Fields): ClassEmbedding {
  const type = f.isAbsent("class_embed_type") ? null : f.oneOf("class_embed_type", ["timestep", "identity"]);
  const classes = f.isAbsent("num_class_embeds") ? null : f.int("num_class_embeds", { min: 1, max: ROWS_MAX });
  if (type !== null) return { type };
  return classes === null ? { type: "none" } : { type: "learned", classes };
}

/** Null means "conv", as get_down_block and get_up_block have it. */
function sampling(f: Fields, field: "downsample_type" | "upsample_type"): "conv" | "resnet" {
  return f.isNull(field) ? "conv" : f.oneOf(field, ["conv", "resnet"], "conv");
}

function parseActivation(f: Fields): Activation {
  const name = f.string("act_fn", "silu");
  const lower = name.toLowerCase();
  check(
    Object.hasOwn(ACTIVATION_NAMES, lower),
    () => `${f.where}: act_fn must be one of ${Object.keys(ACTIVATION_NAMES).join(", ")}, got ${describe(name)}`,
    CheckpointError,
  );
  return ACTIVATION_NAMES[lower]!;
}
