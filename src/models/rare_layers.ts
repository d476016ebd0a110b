/** Kernels that most models do without: fetched, before anything is recorded, for a model that has such layers. */
import { MAX_NORM_CHANNELS, MAX_NORM_GROUPS } from "../kernels/conv2d";
import { check } from "../tensor/check";
import type { UNet2DConfig } from "./unet_2d_config";

type RareLayers = typeof import("../kernels/rare_layers");
/** Norms too large for the convolution behind them run as they do on CPU adapters. */
type LargeNorms = typeof import("../kernels/staged");

let layers: RareLayers | undefined;
let norms: LargeNorms | undefined;

/** Fetches what `config` needs, or all there is. */
export async function fetchRareLayers(config: UNet2DConfig | "all"): Promise<void> {
  if (config === "all" || hasRareLayers(config)) layers ??= await import("../kernels/rare_layers");
  if (config === "all" || hasLargeNorms(config)) norms ??= await import("../kernels/staged");
}

function hasRareLayers(config: UNet2DConfig): boolean {
  const { timeProjection, centerInputSample, downsampleType, upsampleType, downBlockTypes, upBlockTypes } = config;
  const resamples = [downsampleType, upsampleType].includes("resnet");
  const blocks: readonly string[] = [...downBlockTypes, ...upBlockTypes];
  return (
    resamples || centerInputSample || timeProjection.type === "fourier" || blocks.some((type) => /^Resnet/.test(type))
  );
}

/** A block's norm may span two levels' channels; one that stands before a pooling runs by itself, too. */
function hasLargeNorms(config: UNet2DConfig): boolean {
  const { blockOutChannels, normNumGroups, midAttentionGroups } = config;
  const isLarge = 2 * Math.max(...blockOutChannels) > MAX_NORM_CHANNELS;
  return isLarge || Math.max(normNumGroups, midAttentionGroups ?? 0) > MAX_NORM_GROUPS || hasRareLayers(config);
}

export function rareLayers(): RareLayers {
  check(layers, () => "rareLayers: fetchRareLayers must have fetched them for this configuration");
  return layers;
}

export function largeNorms(): LargeNorms {
  check(norms, () => "largeNorms: fetchRareLayers must have fetched them for this configuration");
  return norms;
}
