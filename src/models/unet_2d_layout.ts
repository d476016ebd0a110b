/**
 * A UNet2DModel's blocks as plain data: which layers there are, by the checkpoint's paths, and the channels of each.
 *
 * The forward pass walks it, and the time embedding needs it beforehand: every ResNet's share of the time embedding is
 * computed in one matrix product before the loop begins.
 */
import type { UNet2DConfig } from "./unet_2d_config";

export interface ResnetLayout {
  readonly path: string;
  /** Channels of the input; two entries where a skip is concatenated. */
  readonly sources: readonly number[];
  readonly channels: number;
  /** Halves or doubles height and width between the first norm and the first convolution. */
  readonly resample: "none" | "down" | "up";
  /** Divides the residual sum. */
  readonly scaleFactor: number;
}

export interface AttentionLayout {
  readonly path: string;
  readonly channels: number;
  readonly heads: number;
  readonly headDim: number;
  /** Null: no norm. */
  readonly groups: number | null;
  readonly scaleFactor: number;
}

/** What leads from one level to the next. */
export type Resampler =
  | { readonly kind: "none" }
  | { readonly kind: "conv"; readonly path: string; readonly channels: number }
  | { readonly kind: "resnet"; readonly resnet: ResnetLayout };

export interface BlockLayout {
  readonly path: string;
  readonly resnets: readonly ResnetLayout[];
  /** One per ResNet, or none at all. */
  readonly attentions: readonly AttentionLayout[];
  readonly resampler: Resampler;
}

export interface UNet2DLayout {
  readonly down: readonly BlockLayout[];
  readonly mid: BlockLayout | null;
  readonly up: readonly BlockLayout[];
}

export function layoutUNet2D(config: UNet2DConfig): UNet2DLayout {
  const levels = config.blockOutChannels.length;
  return {
    down: Array.from({ length: levels }, (_, level) => downBlock(config, level)),
    mid: config.hasMidBlock ? midBlock(config) : null,
    up: Array.from({ length: levels }, (_, level) => upBlock(config, level)),
  };
}

/** Every ResNet in the order of the forward pass. */
export function resnetsOf({ down, mid, up }: UNet2DLayout): ResnetLayout[] {
  return [...down, ...(mid ? [mid] : []), ...up].flatMap(({ resnets, resampler }) => [
    ...resnets,
    ...(resampler.kind === "resnet" ? [resampler.resnet] : []),
  ]);
}

function downBlock(config: UNet2DConfig, level: number): BlockLayout {
  const path = `down_blocks.${level}`;
  const type = config.downBlockTypes[level]!;
  const channels = config.blockOutChannels[level]!;
  const before = config.blockOutChannels[Math.max(level - 1, 0)]!;
  const resnets = Array.from({ length: config.layersPerBlock }, (_, layer) =>
    resnet(`${path}.resnets.${layer}`, [layer === 0 ? before : channels], channels),
  );
  const isLast = level === config.blockOutChannels.length - 1;
  // Only attention blocks look at downsample_type; the other two imply theirs.
  const usesResnet =
    type === "ResnetDownsampleBlock2D" || (type === "AttnDownBlock2D" && config.downsampleType === "resnet");
  return {
    path,
    resnets,
    attentions: type === "AttnDownBlock2D" ? attentions(config, path, channels, resnets.length) : [],
    resampler: isLast ? { kind: "none" } : resampler(`${path}.downsamplers.0`, channels, usesResnet, "down"),
  };
}

function midBlock(config: UNet2DConfig): BlockLayout {
  const path = "mid_block";
  const channels = config.blockOutChannels.at(-1)!;
  const scaleFactor = config.midBlockScaleFactor;
  return {
    path,
    resnets: [0, 1].map((i) => ({ ...resnet(`${path}.resnets.${i}`, [channels], channels), scaleFactor })),
    attentions: config.addAttention
      ? attentions(config, path, channels, 1).map((attention) => ({
          ...attention,
          groups: config.midAttentionGroups,
          scaleFactor,
        }))
      : [],
    resampler: { kind: "none" },
  };
}

function upBlock(config: UNet2DConfig, index: number): BlockLayout {
  const path = `up_blocks.${index}`;
  const type = config.upBlockTypes[index]!;
  const reversed = [...config.blockOutChannels].reverse();
  const channels = reversed[index]!;
  const before = reversed[Math.max(index - 1, 0)]!;
  // The skips of this level come back last in, first out; the oldest one was made before the level changed the channels.
  const oldest = reversed[Math.min(index + 1, reversed.length - 1)]!;
  const resnets = Array.from({ length: config.layersPerBlock + 1 }, (_, layer) => {
    const skip = layer === config.layersPerBlock ? oldest : channels;
    return resnet(`${path}.resnets.${layer}`, [layer === 0 ? before : channels, skip], channels);
  });
  const isLast = index === reversed.length - 1;
  const usesResnet = type === "ResnetUpsampleBlock2D" || (type === "AttnUpBlock2D" && config.upsampleType === "resnet");
  return {
    path,
    resnets,
    attentions: type === "AttnUpBlock2D" ? attentions(config, path, channels, resnets.length) : [],
    resampler: isLast ? { kind: "none" } : resampler(`${path}.upsamplers.0`, channels, usesResnet, "up"),
  };
}

function resnet(path: string, sources: readonly number[], channels: number): ResnetLayout {
  return { path, sources, channels, resample: "none", scaleFactor: 1 };
}

function attentions(config: UNet2DConfig, path: string, channels: number, count: number): AttentionLayout[] {
  const headDim = config.attentionHeadDim ?? channels;
  const heads = Math.floor(channels / headDim);
  return Array.from({ length: count }, (_, i) => ({
    path: `${path}.attentions.${i}`,
    channels,
    heads,
    headDim,
    groups: config.normNumGroups,
    scaleFactor: 1,
  }));
}

function resampler(path: string, channels: number, usesResnet: boolean, resample: "down" | "up"): Resampler {
  if (!usesResnet) return { kind: "conv", path: `${path}.conv`, channels };
  return { kind: "resnet", resnet: { ...resnet(path, [channels], channels), resample } };
}
