/** One level on the way up: ResNets over what came from below and what was kept on the way down, then twice the size. */
import { conv2d } from "../kernels/conv2d";
import type { Tensor } from "../recording/recording";
import type { BHWC } from "../tensor/shape";
import { recordAttention } from "./attention_block";
import type { Model } from "./model";
import { recordResnet } from "./resnet";
import type { BlockLayout } from "./unet_2d_layout";

/** Records the level and takes its skips off the end of `skips`. */
export function recordUpBlock(model: Model, layout: BlockLayout, x: Tensor<BHWC>, skips: Tensor<BHWC>[]): Tensor<BHWC> {
  let h = x;
  layout.resnets.forEach((resnet, layer) => {
    h = recordResnet(model, resnet, h, skips.pop()!); //         (B, H, W, C), the concatenation is never stored
    const attention = layout.attentions[layer];
    if (attention) h = recordAttention(model, attention, h); //  (B, H, W, C)
  });
  const { resampler } = layout;
  if (resampler.kind === "none") return h;
  if (resampler.kind === "resnet") return recordResnet(model, resampler.resnet, h);
  return recordUpsampler(model, resampler.path, h); //           (B, 2H, 2W, C)
}

/** A convolution over the nearest-neighbour enlargement: Upsample2D. */
function recordUpsampler({ recording, parameters }: Model, path: string, x: Tensor<BHWC>): Tensor<BHWC> {
  const channels = x.shape[3];
  const w = parameters.conv(path, [channels], channels, 3);
  const vectors = parameters.vectors(path, [{ path, outputs: channels }]);
  return recording.add(path, conv2d(x, w, { channels, vectors, statistics: true, upsample: true })).y;
}
