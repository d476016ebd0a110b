/** shaders/inpaint.wgsl in TypeScript. */
import type { Launch } from "./launch";
import { type Batch, forEachChannel, sizeOfBatch, strideOf, writeModelInput } from "./pixels";
import { SamplerTable } from "./sampler_table";

type Binding = "table" | "step" | "original" | "mask" | "noise" | "x" | "model_input";

/** x = mask * x + (1 - mask) * (alpha * original + sigma * static), alpha and sigma of the next row */
export function inpaint({
  f32: { table, original, mask, noise, x, model_input },
  u32,
  params,
  constants,
}: Launch<Binding, keyof Batch, "GUIDED" | "NOISE_FROM_HOST">): void {
  const { images, pixels, channels } = params;
  const rows = new SamplerTable(table, u32.table);
  const step = u32.step[0]!;
  const next = step + 1 < rows.rows ? rows.row(step + 1) : null;
  const [alpha, sigma] = [next?.float("alpha") ?? 1, next?.float("sigma") ?? 0];
  const inputScale = rows.nextInputScale(step);
  const size = sizeOfBatch(params);
  forEachChannel(params, (at, image, pixel, channel) => {
    let known = original[at]!;
    if (next) {
      const place = channel * pixels + pixel;
      const drawn = constants.NOISE_FROM_HOST ? noise[at]! : rows.static(0, image, place, images, channels * pixels);
      known = alpha * known + sigma * drawn;
    }
    const share = mask[4 * Math.floor(at / strideOf(channels))]!;
    x[at] = share * x[at]! + (1 - share) * known;
    writeModelInput(model_input, at, inputScale * x[at]!, constants.GUIDED, size);
  });
}
