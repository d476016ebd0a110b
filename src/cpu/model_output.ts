/** What the network said of each picture: with guidance, two halves of its batch become one. */
import { type Batch, strideOf } from "./pixels";
import type { SamplerTable } from "./sampler_table";

export type OutputParam = keyof Batch | "output_channels";

/** The output at a channel: the conditional half's, or both halves guided. */
export function outputReader(
  table: SamplerTable,
  modelOutput: Float32Array,
  { images, pixels, output_channels }: Readonly<Record<OutputParam, number>>,
  guided: boolean,
): (image: number, pixel: number, channel: number) => number {
  const stride = strideOf(output_channels);
  const half = images * pixels * stride;
  return (image, pixel, channel) => {
    const at = (image * pixels + pixel) * stride + channel;
    return guided ? table.guide(modelOutput[at]!, modelOutput[half + at]!) : modelOutput[at]!;
  };
}
