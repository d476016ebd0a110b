/** Host twin of shaders/advance_step.wgsl. */
import kernel from "../../shaders/advance_step.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";

/** Counts `step`, one u32, up by one: the next kernels see the next row of the table. */
export function advanceStep(step: Tensor) {
  return {
    shader: kernel,
    reads: {},
    writes: { step },
    workgroups: [1, 1, 1],
    flops: 0,
  } satisfies Dispatch;
}
