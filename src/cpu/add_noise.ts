/** shaders/add_noise.wgsl in TypeScript. */
import type { Launch } from "./launch";
import { type Batch, forEachChannel, sizeOfBatch, writeModelInput } from "./pixels";
import { SamplerTable } from "./sampler_table";

type Binding = "table" | "step" | "original" | "x" | "model_input";
type Param = keyof Batch | "first_pixel" | "all_pixels";

/** x = alpha * original + sigma * static,   model_input = input_scale * x */
export function addNoise({
  f32: { table, original, x, model_input },
  u32,
  params,
  constants,
}: Launch<Binding, Param, "GUIDED" | "NOISE_FROM_HOST">): void {
  const { images, channels, first_pixel, all_pixels } = params;
  const rows = new SamplerTable(table, u32.table);
  const row = rows.row(u32.step[0]!);
  const [alpha, sigma, inputScale] = [row.float("alpha"), row.float("sigma"), row.float("inputScale")];
  const size = sizeOfBatch(params);
  forEachChannel(params, (at, image, pixel, channel) => {
    const place = channel * all_pixels + first_pixel + pixel;
    const noise = constants.NOISE_FROM_HOST ? x[at]! : rows.static(0, image, place, images, channels * all_pixels);
    x[at] = alpha * original[at]! + sigma * noise;
    writeModelInput(model_input, at, inputScale * x[at]!, constants.GUIDED, size);
  });
}
