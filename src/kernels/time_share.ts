/** One layer's share of the time embedding: columns of a table that is made once for the whole schedule. */
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, sizeOf } from "../tensor/shape";

/** Images whose conditions the state `position` holds. */
export const MAX_CONDITIONED_IMAGES = 4096;
/** Words of the state `position`: the step, three unused, one condition per image. */
export const POSITION_WORDS = 4 + MAX_CONDITIONED_IMAGES;

export interface TimeShare {
  /** (steps * conditions, columns) */
  readonly table: Tensor<readonly [rows: number, columns: number]>;
  /** u32 state: word 0 the step, word 4 + b the condition of image b. */
  readonly position: Tensor;
  /** Where the layer's columns begin in a row; a multiple of four. */
  readonly column: number;
  /** Rows of the table per step. */
  readonly conditions: number;
  /** The columns are a norm's further scales, then its shifts (resnet_time_scale_shift = "scale_shift"); else a bias. */
  readonly modulates: boolean;
}

/** @throws ShapeError where `width` columns are not there, or the batch has more images than `position` has words for. */
export function checkTimeShare(where: string, share: TimeShare, width: number, images: number): void {
  const { table, position, column, conditions } = share;
  check(
    column % 4 === 0 && column >= 0 && column + width <= table.shape[1],
    () => `${where}: the table must have columns ${column} to ${column + width}, got ${formatShape(table.shape)}`,
  );
  check(
    table.shape[0] % conditions === 0,
    () => `${where}: the table's rows must be steps times ${conditions} conditions, got ${table.shape[0]}`,
  );
  check(
    position.dtype === "u32" && sizeOf(position.shape) === POSITION_WORDS,
    () => `${where}: position must be (${POSITION_WORDS}) u32, got ${formatShape(position.shape)}`,
  );
  check(images <= MAX_CONDITIONED_IMAGES, () => `${where}: at most ${MAX_CONDITIONED_IMAGES} images, got ${images}`);
}
