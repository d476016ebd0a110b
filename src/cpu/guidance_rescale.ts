/** shaders/guidance_rescale.wgsl in TypeScript. */
import type { Launch } from "./launch";
import { type OutputParam, outputReader } from "./model_output";
import { SamplerTable } from "./sampler_table";

/** factor = phi * std(cond) / std(guided) + (1 - phi), per image; Lin et al. 2023, section 3.4 */
export function guidanceRescale({
  f32: { table, model_output, scales },
  u32,
  params,
}: Launch<"table" | "model_output" | "scales", OutputParam>): void {
  const { images, pixels, channels } = params;
  const rows = new SamplerTable(table, u32.table);
  const phi = rows.float("guidanceRescale");
  const conditional = outputReader(rows, model_output, params, false);
  const guided = outputReader(rows, model_output, params, true);
  for (let image = 0; image < images; image++) {
    const spread = (read: typeof guided): number => {
      const numbers = Float64Array.from({ length: pixels * channels }, (_, i) =>
        read(image, Math.floor(i / channels), i % channels),
      );
      const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
      return numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    };
    scales[2 * image + 1] = phi * Math.sqrt(spread(conditional) / spread(guided)) + 1 - phi;
  }
}
