/** shaders/init_noise.wgsl in TypeScript. */
import type { Launch } from "./launch";
import { type Batch, forEachChannel, sizeOfBatch, writeModelInput } from "./pixels";
import { SamplerTable } from "./sampler_table";

/** x = initial_scale * static,   model_input = input_scale * x */
export function initNoise({
  f32: { table, x, model_input },
  u32,
  params,
  constants,
}: Launch<"table" | "x" | "model_input", keyof Batch, "GUIDED" | "NOISE_FROM_HOST">): void {
  const { images, pixels, channels } = params;
  const rows = new SamplerTable(table, u32.table);
  const inputScale = rows.row(0).float("inputScale");
  const size = sizeOfBatch(params);
  forEachChannel(params, (at, image, pixel, channel) => {
    const noise = constants.NOISE_FROM_HOST
      ? x[at]!
      : rows.static(0, image, channel * pixels + pixel, images, channels * pixels);
    x[at] = rows.float("initialScale") * noise;
    writeModelInput(model_input, at, inputScale * x[at]!, constants.GUIDED, size);
  });
}
