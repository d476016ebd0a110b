/** shaders/load_noise.wgsl in TypeScript. */
import type { Launch } from "./launch";
import { SamplerTable } from "./sampler_table";

/** denoised = noise[draw of the row]; nothing where the row draws none */
export function loadNoise({
  f32: { table, noise, denoised },
  u32,
  params: { count, draws },
}: Launch<"table" | "step" | "noise" | "denoised", "count" | "draws">): void {
  const { draw } = new SamplerTable(table, u32.table).row(u32.step[0]!);
  if (draw === null) return;
  const start = (draw % draws) * 4 * count;
  denoised.set(noise.subarray(start, start + 4 * count));
}
