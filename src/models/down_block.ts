/** One level on the way down: ResNets, each with its attention where the level has them, then half the size. */
import { conv2d } from "../kernels/conv2d";
import type { Tensor } from "../recording/recording";
import type { BHWC } from "../tensor/shape";
import { recordAttention } from "./attention_block";
import type { Model } from "./model";
import { recordResnet } from "./resnet";
import type { BlockLayout } from "./unet_2d_layout";

/** Records the level and appends to `skips` every tensor that the way up will want back. */
export function recordDownBlock(
  model: Model,
  layout: BlockLayout,
  x: Tensor<BHWC>,
  skips: Tensor<BHWC>[],
): Tensor<BHWC> {
  let h = x;
  layout.resnets.forEach((resnet, layer) => {
    h = recordResnet(model, resnet, h); //                       (B, H, W, C)
    const attention = layout.attentions[layer];
    if (attention) h = recordAttention(model, attention, h); //  (B, H, W, C)
    skips.push(h);
  });
  const { resampler } = layout;
  if (resampler.kind === "none") return h;
  if (resampler.kind === "resnet") h = recordResnet(model, resampler.resnet, h);
  else h = recordDownsampler(model, resampler.path, h); //       (B, H/2, W/2, C)
  skips.push(h);
  return h;
}

/** A convolution of stride 2: Downsample2D. With downsample_padding 0 diffusers pads only the bottom and the right. */
function recordDownsampler({ recording, parameters, config }: Model, path: string, x: Tensor<BHWC>): Tensor<BHWC> {
  const channels = x.shape[3];
  const w = parameters.conv(path, [channels], channels, 3);
  const vectors = parameters.vectors(path, [{ path, outputs: channels }]);
  const padding = config.downsamplePadding === 0 ? ([0, 0, 1, 1] as const) : ([1, 1, 1, 1] as const);
  return recording.add(path, conv2d(x, w, { channels, vectors, statistics: true, stride: 2, padding })).y;
}
