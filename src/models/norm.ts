/** Group norm of a tensor or of a concatenation that is never stored, as every block of the UNet begins. */
import type { Activation } from "../kernels/activation";
import { type InputNorm, MAX_NORM_CHANNELS, MAX_NORM_GROUPS } from "../kernels/conv2d";
import type { TimeShare } from "../kernels/time_share";
import type { Tensor } from "../recording/recording";
import { type BHWC, pad4 } from "../tensor/shape";
import type { Model } from "./model";
import { largeNorms } from "./rare_layers";

export interface NormOptions {
  readonly groups: number;
  readonly activation: Activation;
  /** The time embedding's scale and shift, where the model has them. */
  readonly time?: TimeShare | undefined;
}

/** The norm as the convolution or linear layer behind it takes it over; undefined where it is too large for that. */
export function inputNorm({ config }: Model, options: NormOptions, channels: number): InputNorm | undefined {
  const { groups, activation } = options;
  if (channels > MAX_NORM_CHANNELS || groups > MAX_NORM_GROUPS) return undefined;
  return { groups, activation, eps: config.normEps };
}

/**
 * Records `f(groupNorm(x ++ skip))` by itself, with `path.weight` and `path.bias` of the checkpoint, and returns the two
 * halves; a group's channels may lie in both.
 */
export function recordGroupNorm(
  { recording, parameters, config }: Model,
  path: string,
  { groups, activation, time }: NormOptions,
  x: Tensor<BHWC>,
  skip?: Tensor<BHWC>,
): { x: Tensor<BHWC>; skip: Tensor<BHWC> | undefined } {
  const { channelStatistics, groupNormApply, groupNormFold } = largeNorms();
  const label = path.slice(path.lastIndexOf(".") + 1);
  const [, H, W, C1] = x.shape;
  const { statistics } = recording.add(`${label}.statistics`, channelStatistics(x));
  const second = skip && recording.add(`${label}.statistics_skip`, channelStatistics(skip)).statistics;
  const sources = skip ? [C1, skip.shape[3]] : [C1];
  const vectors = parameters.vectors(path, [], { path, sources });
  const { affine } = recording.add(
    `${label}.fold`,
    groupNormFold({ statistics, second, vectors, groups, eps: config.normEps, pixels: H * W, time }),
  );
  const { y } = recording.add(label, groupNormApply(x, affine, activation));
  return { x: y, skip: skip && recording.add(`${label}_skip`, groupNormApply(skip, affine, activation, pad4(C1))).y };
}
