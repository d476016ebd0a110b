/** The definition of a sampler table, in f64: what shaders/sampler_step.wgsl must compute. */
import type { Form } from "../../src/schedulers/form";
import type { Table } from "../../src/schedulers/table";

/** What a run needs besides the table. All tensors are flat; an image is `imageSize` consecutive numbers. */
export interface Run {
  /** The first state, already scaled. */
  readonly x: Float64Array;
  /** The network's (guided) output for what it reads at a row. With a learned variance the second half is the variance. */
  readonly model: (input: Float64Array, timestep: number, row: number) => Float64Array;
  /** Draw `index` of the static (1 is the first after the initial one). */
  readonly noise: (index: number) => Float64Array;
  readonly imageSize: number;
  /** Rounds, or disturbs, a value of the state after a row: how well a loop is conditioned is seen by it. */
  readonly disturb?: (value: number, index: number, row: number) => number;
}

/** Executes all rows; calls `visit` with the state and the picture predicted from it after each. */
export function runTable(
  table: Table,
  run: Run,
  visit?: (row: number, x: Float64Array, x0: Float64Array) => void,
): Float64Array {
  let x: Float64Array = Float64Array.from(run.x);
  const size = x.length;
  const slots = Array.from({ length: table.slots }, () => new Float64Array(size));
  table.rows.forEach((row, index) => {
    const output = run.model(
      x.map((value) => row.inputScale * value),
      row.timestep,
      index,
    );
    let x0: Float64Array = x.map((value, i) => row.x0.x * value + row.x0.output * (output[i] ?? 0));
    if (table.threshold) x0 = threshold(x0, run.imageSize, table.threshold);
    x0 = x0.map((value) => Math.min(Math.max(value, -row.clip), row.clip));
    const eps = x.map((value, i) => row.eps.x * value + row.eps.output * (output[i] ?? 0) + row.eps.x0 * (x0[i] ?? 0));
    const noise = row.draw === null ? new Float64Array(size) : Float64Array.from(run.noise(row.draw));
    if (row.logVariance) {
      const [min, max] = row.logVariance;
      for (let i = 0; i < size; i++) {
        const predicted = output[size + i] ?? 0;
        const share = (predicted + 1) / 2;
        const std =
          table.variance === "learned" ? Math.sqrt(predicted) : Math.exp(0.5 * (share * max + (1 - share) * min));
        noise[i] = (noise[i] ?? 0) * std;
      }
    }
    const evaluate = (form: Form) =>
      x.map(
        (value, i) =>
          form.x * value +
          form.x0 * (x0[i] ?? 0) +
          form.eps * (eps[i] ?? 0) +
          form.noise * (noise[i] ?? 0) +
          slots.reduce((total, tensor, k) => total + (form.slots[k] ?? 0) * (tensor[i] ?? 0), 0),
      );
    const next = evaluate(row.next);
    const written = row.writes.map((write) => ({ slot: write.slot, value: evaluate(write.form) }));
    for (const { slot, value } of written) slots[slot] = value;
    const { disturb } = run;
    x = disturb ? next.map((value, i) => disturb(value, i, index)) : next;
    visit?.(index, x, x0);
  });
  return x;
}

/** Dynamic thresholding: a quantile of |x0| per image, at least 1, becomes the new 1. */
export function threshold(
  x0: Float64Array,
  imageSize: number,
  { ratio, max }: { ratio: number; max: number },
): Float64Array {
  const result = new Float64Array(x0.length);
  for (let start = 0; start < x0.length; start += imageSize) {
    const image = x0.subarray(start, start + imageSize);
    const scale = Math.min(Math.max(quantile(image.map(Math.abs), ratio), 1), max);
    image.forEach((value, i) => {
      result[start + i] = Math.min(Math.max(value, -scale), scale) / scale;
    });
  }
  return result;
}

/** `torch.quantile` with linear interpolation. */
export function quantile(values: Float64Array, ratio: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = ratio * (sorted.length - 1);
  const low = Math.floor(position);
  const below = sorted[low] ?? 0;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? below;
  return below + (position - low) * (above - below);
}
