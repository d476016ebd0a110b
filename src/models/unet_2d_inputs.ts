/** What the rows of timesteps and labels may hold: a kernel would clamp a wrong one and draw something else. */
import { check, InputError } from "../tensor/check";
import type { UNet2DConfig } from "./unet_2d_config";

/** @throws InputError where a timestep or a label is not one that the model knows. */
export function checkRows(
  { timeProjection, classEmbedding }: UNet2DConfig,
  timesteps: ArrayLike<number>,
  classLabels: ArrayLike<number> | null,
): void {
  checkTimes("timestep", timeProjection, timesteps);
  if (!classLabels) return;
  if (classEmbedding.type === "timestep") checkTimes("class_labels", timeProjection, classLabels);
  else if (classEmbedding.type === "learned") checkIndices("class_labels", classLabels, classEmbedding.classes);
  else checkEach("class_labels", classLabels, "be finite", Number.isFinite);
}

function checkTimes(field: string, projection: UNet2DConfig["timeProjection"], times: ArrayLike<number>): void {
  if (projection.type === "learned") checkIndices(field, times, projection.timesteps);
  // Fourier features are taken of log t, and the output is divided by t.
  else if (projection.type === "fourier") checkEach(field, times, "be above 0", (t) => Number.isFinite(t) && t > 0);
  else checkEach(field, times, "be finite", Number.isFinite);
}

function checkIndices(field: string, values: ArrayLike<number>, count: number): void {
  const isIndex = (value: number) => Number.isInteger(value) && value >= 0 && value < count;
  checkEach(field, values, `be integers from 0 to ${count - 1}`, isIndex);
}

function checkEach(field: string, values: ArrayLike<number>, what: string, isGood: (value: number) => boolean): void {
  const bad = Array.from(values).find((value) => !isGood(value));
  check(bad === undefined, () => `${field}: must ${what}, got ${bad}`, InputError);
}
