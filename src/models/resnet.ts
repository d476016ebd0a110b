/**
 * The ResNet block of the UNet: diffusers' ResnetBlock2D (models/resnet.py).
 *
 *   x ++ skip --+-- norm1, f -- [resample] -- conv1 + time -- norm2 [* (1 + scale) + shift], f -- conv2 --+-- / factor
 *               +-- [resample] ------------- conv_shortcut where the channels change ---------------------+
 *
 * Two dispatches: each convolution normalises its own input, and the second one sums the shortcut up, too.
 */
import { conv2d } from "../kernels/conv2d";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import type { BHWC } from "../tensor/shape";
import type { Model, TimeTable } from "./model";
import { recordGroupNorm } from "./norm";
import { type NormedInput, normedInput } from "./normed_layer";
import { rareLayers } from "./rare_layers";
import type { ResnetLayout } from "./unet_2d_layout";

/** Records a ResNet block of `x`, or of `x ++ skip`; (B, H, W, C1 + C2) to (B, H', W', C), with its statistics. */
export function recordResnet(model: Model, layout: ResnetLayout, x: Tensor<BHWC>, skip?: Tensor<BHWC>): Tensor<BHWC> {
  const { recording, parameters, config } = model;
  const { path, sources, channels, resample } = layout;
  return recording.scope(path, () => {
    const input = firstInput(model, layout, x, skip); //                           (B, H, W, C1), (B, H, W, C2)
    const w1 = parameters.conv(`${path}.conv1`, sources, channels, 3);
    const time = config.timeScaleShift ? undefined : timeShare(model.time, path, false);
    const upsample = resample === "up";
    const h = recording.add("conv1", conv2d(input.x, w1, { ...input, channels, upsample, time, statistics: true })).y; //                                                                        (B, H', W', C)
    return recordSecond(model, layout, h, x, skip); //                             (B, H', W', C)
  });
}

/** norm1's input as conv1 reads it. Pooling stands between the two, so that there the norm runs by itself. */
function firstInput(model: Model, layout: ResnetLayout, x: Tensor<BHWC>, skip?: Tensor<BHWC>): NormedInput {
  const { path, channels, resample } = layout;
  const { normNumGroups: groups, activation } = model.config;
  const parts = [{ path: `${path}.conv1`, outputs: channels }];
  const norm = { path: `${path}.norm1`, groups, activation };
  if (resample !== "down") return normedInput(model, norm, `${path}.conv1`, parts, x, skip);
  const normed = recordGroupNorm(model, norm.path, norm, x).x;
  const pooled = model.recording.add("pool", rareLayers().avgPool(normed, 2)).y;
  const vectors = model.parameters.vectors(`${path}.conv1`, parts);
  return { x: pooled, second: undefined, norm: undefined, vectors };
}

/** norm2, conv2 and the way around the block: `x` itself, resampled as the block is, or a 1x1 convolution of it. */
function recordSecond(
  model: Model,
  layout: ResnetLayout,
  h: Tensor<BHWC>,
  x: Tensor<BHWC>,
  skip: Tensor<BHWC> | undefined,
): Tensor<BHWC> {
  const { recording, parameters, config } = model;
  const { path, sources, channels, resample, scaleFactor } = layout;
  const changes = sources.length > 1 || sources[0] !== channels;
  check(
    !changes || resample === "none",
    () => `${path}: a block that resamples must keep its channels, got ${sources}`,
  );
  const time = config.timeScaleShift ? timeShare(model.time, path, true) : undefined;
  const { normNumGroups: groups, activation } = config;
  const norm = { path: `${path}.norm2`, groups, activation, time };
  const alsoBias = changes ? { alsoBias: `${path}.conv_shortcut.bias` } : {};
  const parts = [{ path: `${path}.conv2`, outputs: channels, ...alsoBias }];
  const input = normedInput(model, norm, `${path}.conv2`, parts, h);
  const shortcut = changes ? { path: `${path}.conv_shortcut`, sources } : undefined;
  const w = parameters.conv(`${path}.conv2`, [channels], channels, 3, shortcut);
  return recording.add(
    "conv2",
    conv2d(input.x, w, {
      ...input,
      channels,
      scale: 1 / scaleFactor,
      statistics: true,
      time: input.norm && time,
      ...(changes ? { shortcut: { x, second: skip } } : { residual: resampled(model, resample, x) }),
    }),
  ).y;
}

function resampled({ recording }: Model, resample: ResnetLayout["resample"], x: Tensor<BHWC>): Tensor<BHWC> {
  if (resample === "down") return recording.add("shortcut", rareLayers().avgPool(x, 2)).y;
  const size = [2 * x.shape[1], 2 * x.shape[2]] as const;
  return resample === "up" ? recording.add("shortcut", rareLayers().resize(x, size, "nearest")).y : x;
}

/** This block's columns of the table: the time's share of conv1's sum, or the second norm's scale and shift. */
function timeShare({ table, position, conditions, columns }: TimeTable, path: string, modulates: boolean) {
  return { table, position, conditions, column: columns.get(path)!, modulates };
}
