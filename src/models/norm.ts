/** Group norm of a tensor or of a concatenation that is never stored, as every block of the UNet begins. */
import type { Activation } from "../kernels/activation";
import { channelStatistics, groupNormApply, groupNormFold, type Modulation } from "../kernels/group_norm";
import type { Tensor } from "../recording/recording";
import { type BHWC, pad4 } from "../tensor/shape";
import type { Model } from "./model";

export interface NormOptions {
  readonly groups: number;
  readonly activation: Activation;
  /** The time embedding's scale and shift, where the model has them. */
  readonly modulation?: Modulation | undefined;
}

/**
 * Records `f(groupNorm(x ++ skip))`, with `path.weight` and `path.bias` of the checkpoint, and returns the two halves;
 * a group's channels may lie in both.
 */
export function recordGroupNorm(
  { recording, parameters, config }: Model,
  path: string,
  { groups, activation, modulation }: NormOptions,
  x: Tensor<BHWC>,
  skip?: Tensor<BHWC>,
): { x: Tensor<BHWC>; skip: Tensor<BHWC> | undefined } {
  const label = path.slice(path.lastIndexOf(".") + 1);
  const [, H, W, C1] = x.shape;
  const C = C1 + (skip?.shape[3] ?? 0);
  const { statistics } = recording.add(`${label}.statistics`, channelStatistics(x));
  const second = skip && recording.add(`${label}.statistics_skip`, channelStatistics(skip)).statistics;
  const gamma = parameters.vector(`${path}.weight`, C);
  const beta = parameters.vector(`${path}.bias`, C);
  const { affine } = recording.add(
    `${label}.fold`,
    groupNormFold({ statistics, second, gamma, beta, groups, eps: config.normEps, pixels: H * W, modulation }),
  );
  const { y } = recording.add(label, groupNormApply(x, affine, activation));
  return { x: y, skip: skip && recording.add(`${label}_skip`, groupNormApply(skip, affine, activation, pad4(C1))).y };
}
