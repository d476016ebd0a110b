/** shaders/sampler_step.wgsl in TypeScript. */
import type { Launch } from "./launch";
import { type OutputParam, outputReader } from "./model_output";
import { forEachChannel, sizeOfBatch, strideOf, writeModelInput } from "./pixels";
import { type Row, SamplerTable } from "./sampler_table";

type Binding = "table" | "step" | "model_output" | "scales" | "x" | "model_input" | "denoised" | "history";
type Constant = "GUIDED" | "THRESHOLD" | "RESCALE" | "NOISE_FROM_HOST";

/** What the header's `variance` says: the noise's deviation is the row's, or the network's own prediction. */
const VARIANCE_FIXED = 0;
const VARIANCE_LEARNED = 1;

/**
 *   x0  = clamp(x0_x * x + x0_out * out, -clip, clip),  or  clamp(..., -s, s) / s  per image where THRESHOLD
 *   eps = eps_x * x + eps_out * out + eps_x0 * x0
 *   x'  = a x + b x0 + c eps + d noise + sum_k h_k history_k;  at most two history tensors become such a sum too
 */
export function samplerStep({
  f32: { table, model_output, scales, x, model_input, denoised, history },
  u32,
  params,
  constants,
}: Launch<Binding, OutputParam | "slots", Constant>): void {
  const { images, pixels, channels, slots } = params;
  const rows = new SamplerTable(table, u32.table);
  const step = u32.step[0]!;
  const row = rows.row(step);
  const { draw } = row;
  const output = outputReader(rows, model_output, params, Boolean(constants.GUIDED));
  const inputScale = rows.nextInputScale(step);
  const size = sizeOfBatch(params);
  const [x0X, x0Output, clip] = [row.float("x0X"), row.float("x0Output"), row.float("clip")];
  const [epsX, epsOutput, epsX0] = [row.float("epsX"), row.float("epsOutput"), row.float("epsX0")];
  const written = [row.word("firstSlot"), row.word("secondSlot")] as const;

  forEachChannel(params, (at, image, pixel, channel) => {
    const factor = constants.GUIDED && constants.RESCALE ? scales[2 * image + 1]! : 1;
    const out = output(image, pixel, channel) * factor;
    const state = x[at]!;
    let x0 = x0X * state + x0Output * out;
    if (constants.THRESHOLD) x0 = clamp(x0, scales[2 * image]!) / scales[2 * image]!;
    x0 = clamp(x0, clip);
    const eps = epsX * state + epsOutput * out + epsX0 * x0;
    let noise = 0;
    if (draw !== null) {
      const place = channel * pixels + pixel; // NCHW
      noise = constants.NOISE_FROM_HOST ? denoised[at]! : rows.static(draw, image, place, images, channels * pixels);
      if (rows.word("variance") !== VARIANCE_FIXED) {
        const predicted = (image * pixels + pixel) * strideOf(params.output_channels) + channels + channel;
        noise *= learnedDeviation(rows, row, model_output[predicted]!);
      }
    }
    // All three sums are made before any is stored: a slot may be read by another's.
    const sums = ([0, 1, 2] as const).map((sum) => {
      let total = row.present(sum, state, x0, eps, noise);
      for (let k = 0; k < slots; k++) total += row.remembered(sum, k, history[k * size + at]!);
      return total;
    }) as [number, number, number];
    written.forEach((slot, i) => {
      if (slot < slots) history[slot * size + at] = sums[i + 1]!;
    });
    // Behind x: 1 + the first row at which the network's output or the state was not finite.
    if (!(Number.isFinite(out) && Number.isFinite(sums[0])) && x[size] === 0) x[size] = step + 1;
    x[at] = sums[0];
    denoised[at] = x0;
    writeModelInput(model_input, at, inputScale * sums[0], constants.GUIDED, size);
  });
}

/** Directly, or as a place between two logarithms (Nichol & Dhariwal 2021, eq. 15). */
function learnedDeviation(rows: SamplerTable, row: Row, predicted: number): number {
  if (rows.word("variance") === VARIANCE_LEARNED) return Math.sqrt(predicted);
  const [min, max] = [row.float("logVarianceMin"), row.float("logVarianceMax")];
  return Math.exp(0.5 * (min + (max - min) * ((predicted + 1) / 2)));
}

function clamp(value: number, bound: number): number {
  return Math.min(Math.max(value, -bound), bound);
}
