/**
 * Several algorithms for one operation: which one an adapter gets.
 *
 * A host twin records the algorithm that runs everywhere. Variants share its bindings and Params, so that choosing one
 * means exchanging the shader of a recorded dispatch, plain data for plain data, once the adapter is known.
 */
import plain from "../../shaders/conv2d.wgsl";
import subgroup from "../../shaders/conv2d_subgroup.wgsl";
import type { RecordedDispatch } from "../recording/recording";

/** What the choice depends on. */
export interface Target {
  readonly kind: "gpu" | "cpu";
  /** Lanes of a subgroup where that is one known number and kernels may use it; else null. */
  readonly subgroupSize: number | null;
}

/** Subgroup sizes that shaders/conv2d_subgroup.wgsl is written for: those of the software adapters. */
const SUBGROUP_SIZES = [4, 8];

/** The dispatch in the variant that suits the adapter. */
export function variantFor(dispatch: RecordedDispatch, { kind, subgroupSize }: Target): RecordedDispatch {
  const outputs = dispatch.params?.out_channels;
  if (kind !== "cpu" || dispatch.shader !== plain || outputs === undefined) return dispatch;
  if (subgroupSize === null || !SUBGROUP_SIZES.includes(subgroupSize) || outputs % subgroupSize !== 0) return dispatch;
  // The geometry is the plain kernel's: one invocation per 8 pixels x 4 channels in both.
  return { ...dispatch, shader: subgroup, knobs: { LANES: subgroupSize } };
}
