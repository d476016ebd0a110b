/** shaders/threshold.wgsl in TypeScript; where the shader selects by radix, this sorts. */
import type { Launch } from "./launch";
import { type OutputParam, outputReader } from "./model_output";
import { strideOf } from "./pixels";
import { SamplerTable } from "./sampler_table";

type Binding = "table" | "step" | "model_output" | "x" | "scales";

/** s = clamp(quantile(|x0|, ratio), 1, max), per image; Saharia et al. 2022, section 2.3 */
export function threshold({
  f32: { table, model_output, x, scales },
  u32,
  params,
  constants,
}: Launch<Binding, OutputParam, "GUIDED" | "RESCALE">): void {
  const { images, pixels, channels } = params;
  const rows = new SamplerTable(table, u32.table);
  const row = rows.row(u32.step[0]!);
  const output = outputReader(rows, model_output, params, Boolean(constants.GUIDED));
  for (let image = 0; image < images; image++) {
    const factor = constants.GUIDED && constants.RESCALE ? scales[2 * image + 1]! : 1;
    const magnitudes = Float32Array.from({ length: pixels * channels }, (_, i) => {
      const [pixel, channel] = [Math.floor(i / channels), i % channels];
      const state = x[(image * pixels + pixel) * strideOf(channels) + channel]!;
      return Math.abs(row.float("x0X") * state + row.float("x0Output") * output(image, pixel, channel) * factor);
    }).sort();
    const position = Math.fround(rows.float("thresholdRatio") * (magnitudes.length - 1));
    const rank = Math.floor(position);
    const below = magnitudes[rank]!;
    const above = magnitudes[Math.min(rank + 1, magnitudes.length - 1)]!;
    const quantile = below + (position - rank) * (above - below);
    scales[2 * image] = Math.min(Math.max(quantile, 1), rows.float("thresholdMax"));
  }
}
