/**
 * The self-attention block of the UNet: diffusers' Attention with its residual (models/attention_processor.py).
 *
 *   x --+-- [group norm] -- to_q, to_k, to_v in one matrix -- attention -- to_out --+-- / factor
 *       +---------------------------------------------------------------------------+
 */
import { attention } from "../kernels/attention";
import { linear } from "../kernels/conv2d";
import type { Tensor } from "../recording/recording";
import { type BHWC, pad4 } from "../tensor/shape";
import type { Model } from "./model";
import { normedInput } from "./normed_layer";
import type { AttentionLayout } from "./unet_2d_layout";

/** Records self-attention over the pixels of `x`, (B, H, W, C) to the same; pixels are tokens in the same memory. */
export function recordAttention(model: Model, layout: AttentionLayout, x: Tensor<BHWC>): Tensor<BHWC> {
  const { recording, parameters } = model;
  const { path, channels, heads, headDim, groups, scaleFactor } = layout;
  const [B, H, W] = x.shape;
  // Heads are padded one by one: zeros in queries and keys add nothing to a score, zeros in values nothing to the result.
  const outputs = heads * headDim;
  const width = heads * pad4(headDim);
  const qkv = ["to_q", "to_k", "to_v"].map((name) => ({ path: `${path}.${name}`, outputs, block: headDim }));
  const out = [{ path: `${path}.to_out.0`, outputs: channels }];
  return recording.scope(path, () => {
    const w = parameters.linear(`${path}.to_qkv`, [channels], qkv);
    const input =
      groups === null
        ? { x, norm: undefined, vectors: parameters.vectors(`${path}.to_qkv`, qkv) }
        : normedInput(model, { path: `${path}.group_norm`, groups, activation: "identity" }, `${path}.to_qkv`, qkv, x);
    const { norm, vectors } = input;
    const tensor = recording.add("to_qkv", linear(input.x, w, { channels: 3 * width, norm, vectors })).y; // (B, H, W, 3 * heads * D)

    const columns = { q: { tensor }, k: { tensor, column: width }, v: { tensor, column: 2 * width } };
    const options = { heads, headDim: pad4(headDim), scale: 1 / Math.sqrt(headDim) };
    const shape: BHWC = [B, H, W, width];
    const seen = recording.add("attention", { ...attention(columns, options), writes: { y: { shape } } }).y;

    const sources = headDim % 4 === 0 ? [outputs] : Array.from({ length: heads }, () => headDim);
    const wOut = parameters.linear(`${path}.to_out.0`, sources, out);
    const vectorsOut = parameters.vectors(`${path}.to_out.0`, out);
    const last = { channels, vectors: vectorsOut, residual: x, scale: 1 / scaleFactor, statistics: true };
    return recording.add("to_out.0", linear(seen, wOut, last)).y; //                               (B, H, W, C)
  });
}
