/** What the blocks of one model share while its forward pass is recorded. */
import type { Recording, Tensor } from "../recording/recording";
import type { Parameters } from "./parameters";
import type { UNet2DConfig } from "./unet_2d_config";

/** Every ResNet's share of the time embedding, for the whole schedule: (steps * conditions, columns). */
export interface TimeTable {
  readonly table: Tensor<readonly [rows: number, columns: number]>;
  /** u32: word 0 the step, word 4 + b the condition of image b. */
  readonly position: Tensor;
  /** Rows of the table per step. */
  readonly conditions: number;
  /** Where a ResNet's share begins in a row, by the ResNet's path. */
  readonly columns: ReadonlyMap<string, number>;
}

export interface Model {
  readonly recording: Recording;
  readonly parameters: Parameters;
  readonly config: UNet2DConfig;
  readonly time: TimeTable;
}
