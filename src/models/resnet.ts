/**
 * The ResNet block of the UNet: diffusers' ResnetBlock2D (models/resnet.py).
 *
 *   x ++ skip --+-- norm1, f -- [resample] -- conv1 + time -- norm2 [* (1 + scale) + shift], f -- conv2 --+-- / factor
 *               +-- [resample] ------------- conv_shortcut where the channels change ---------------------+
 */
import { avgPool } from "../kernels/avg_pool";
import { conv2d } from "../kernels/conv2d";
import { resize } from "../kernels/resize";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import type { BHWC } from "../tensor/shape";
import type { Model, TimeTable } from "./model";
import { recordGroupNorm } from "./norm";
import type { ResnetLayout } from "./unet_2d_layout";

/** Records a ResNet block of `x`, or of `x ++ skip`; (B, H, W, C1 + C2) to (B, H', W', C). */
export function recordResnet(model: Model, layout: ResnetLayout, x: Tensor<BHWC>, skip?: Tensor<BHWC>): Tensor<BHWC> {
  const { recording, parameters, config, time } = model;
  const { path, sources, channels, resample } = layout;
  const norm = { groups: config.normNumGroups, activation: config.activation };
  return recording.scope(path, () => {
    const normed = recordGroupNorm(model, `${path}.norm1`, norm, x, skip); //      (B, H, W, C1), (B, H, W, C2)
    const half = resample === "down" ? recording.add("pool", avgPool(normed.x, 2)).y : normed.x;

    const w1 = parameters.conv(`${path}.conv1`, sources, channels, 3);
    const h1 = recording.add(
      "conv1",
      conv2d(half, w1, {
        channels,
        ...(normed.skip && { second: normed.skip }),
        upsample: resample === "up",
        bias: config.timeScaleShift ? parameters.vector(`${path}.conv1.bias`, channels) : timeShare(time, path),
      }),
    ).y; //                                                                        (B, H', W', C)
    const modulation = config.timeScaleShift ? timeShare(time, path) : undefined;
    const h2 = recordGroupNorm(model, `${path}.norm2`, { ...norm, modulation }, h1).x;

    const w2 = parameters.conv(`${path}.conv2`, [channels], channels, 3);
    const bias = parameters.vector(`${path}.conv2.bias`, channels);
    const residual = recordShortcut(model, layout, x, skip); //                    (B, H', W', C)
    return recording.add("conv2", conv2d(h2, w2, { channels, bias, residual, scale: 1 / layout.scaleFactor })).y;
  });
}

/** The way around the block: the input itself, resampled as the block is, through a 1x1 convolution if channels change. */
function recordShortcut(
  { recording, parameters }: Model,
  { path, sources, channels, resample }: ResnetLayout,
  x: Tensor<BHWC>,
  skip: Tensor<BHWC> | undefined,
): Tensor<BHWC> {
  if (sources.length === 1 && sources[0] === channels) {
    if (resample === "down") return recording.add("shortcut", avgPool(x, 2)).y;
    if (resample === "up") return recording.add("shortcut", resize(x, [2 * x.shape[1], 2 * x.shape[2]], "nearest")).y;
    return x;
  }
  check(resample === "none", () => `${path}: a block that resamples must keep its channels, got ${sources}`);
  const w = parameters.conv(`${path}.conv_shortcut`, sources, channels, 1);
  const bias = parameters.vector(`${path}.conv_shortcut.bias`, channels);
  const options = { channels, bias, kernel: [1, 1], padding: [0, 0, 0, 0] } as const;
  return recording.add("conv_shortcut", conv2d(x, w, { ...options, ...(skip && { second: skip }) })).y;
}

/** This block's columns of the table: conv1's bias with the time's share in it, or the second norm's scale and shift. */
function timeShare({ table, position, conditions, columns }: TimeTable, path: string) {
  return { table, position, conditions, column: columns.get(path)! };
}
