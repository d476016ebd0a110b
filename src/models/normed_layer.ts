/** A group norm and the layer behind it: in one dispatch where the norm fits the layer's kernel, else one after the other. */
import type { InputNorm } from "../kernels/conv2d";
import type { Tensor } from "../recording/recording";
import type { BHWC } from "../tensor/shape";
import type { Model } from "./model";
import { inputNorm, type NormOptions, recordGroupNorm } from "./norm";
import type { LinearPart } from "./parameters";

/** What the layer reads, and what it must be told. */
export interface NormedInput {
  readonly x: Tensor<BHWC>;
  readonly second: Tensor<BHWC> | undefined;
  /** The norm that the layer takes over. */
  readonly norm: InputNorm | undefined;
  /** The norm's scales and shifts, if it takes them over, and the biases of `parts`. */
  readonly vectors: Tensor;
}

/** Prepares a layer of `f(groupNorm(x ++ skip))`: its input, its norm and its vectors, labelled `label`. */
export function normedInput(
  model: Model,
  norm: NormOptions & { readonly path: string },
  label: string,
  parts: readonly LinearPart[],
  x: Tensor<BHWC>,
  skip?: Tensor<BHWC>,
): NormedInput {
  const sources = skip ? [x.shape[3], skip.shape[3]] : [x.shape[3]];
  const fused = inputNorm(
    model,
    norm,
    sources.reduce((sum, channels) => sum + channels),
  );
  if (fused) {
    const vectors = model.parameters.vectors(label, parts, { path: norm.path, sources });
    return { x, second: skip, norm: fused, vectors };
  }
  const normed = recordGroupNorm(model, norm.path, norm, x, skip);
  return { x: normed.x, second: normed.skip, norm: undefined, vectors: model.parameters.vectors(label, parts) };
}
