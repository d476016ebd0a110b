/** The bottom of the U: two ResNets with an attention between them. */
import type { Tensor } from "../recording/recording";
import type { BHWC } from "../tensor/shape";
import { recordAttention } from "./attention_block";
import type { Model } from "./model";
import { recordResnet } from "./resnet";
import type { BlockLayout } from "./unet_2d_layout";

/** Records the block; (B, H, W, C) to the same. */
export function recordMidBlock(model: Model, layout: BlockLayout, x: Tensor<BHWC>): Tensor<BHWC> {
  const [first, ...others] = layout.resnets;
  let h = recordResnet(model, first!, x);
  others.forEach((resnet, i) => {
    const attention = layout.attentions[i];
    if (attention) h = recordAttention(model, attention, h);
    h = recordResnet(model, resnet, h);
  });
  return h;
}
