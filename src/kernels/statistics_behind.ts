/** Host twin of shaders/statistics_behind.wgsl. */
import kernel from "../../shaders/statistics_behind.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, pad4, sizeOf } from "../tensor/shape";
import { STATISTICS_TILE, statisticsTail } from "./conv2d";
import { linearWorkgroups } from "./geometry";

const WORKGROUP_SIZE = 64;

/** Writes the statistics of `y`, (B, H, W, C) or (B, L, C), behind its numbers, where a convolution's would be. */
export function statisticsBehind(y: Tensor) {
  const B = y.shape[0]!;
  const C = y.shape.at(-1)!;
  const pixels = sizeOf(y.shape) / (B * C);
  check(
    y.tail === statisticsTail(B, pixels, C),
    () => `statisticsBehind: ${formatShape(y.shape)} must have room for ${statisticsTail(B, pixels, C)}, got ${y.tail}`,
  );
  const columns = pad4(C) / 4;
  const count = B * Math.ceil(pixels / STATISTICS_TILE) * columns;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE },
    params: { images: B, pixels, columns },
    reads: {},
    writes: { y },
    workgroups: linearWorkgroups("statisticsBehind", count, WORKGROUP_SIZE),
    flops: 5 * B * pixels * C,
  } satisfies Dispatch;
}
