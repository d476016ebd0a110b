/**
 * The handful of float32 operations in which diffusers computes its noise schedules.
 *
 * A sampler's timesteps are sometimes *truncated* to integers after a logarithm, so the last bit of a float decides
 * between timestep 998 and 999. Everything up to the list of sigmas therefore repeats torch's roundings; everything
 * after it (the coefficients) is f64.
 */

/** `torch.linspace(start, end, count)` in float32: counted from both ends, with one rounding per element (an FMA). */
export function linspace32(start: number, end: number, count: number): number[] {
  const first = Math.fround(start);
  const last = Math.fround(end);
  if (count === 1) return [first];
  const step = Math.fround(Math.fround(last - first) / (count - 1));
  const half = Math.floor(count / 2);
  return Array.from({ length: count }, (_, i) =>
    Math.fround(i < half ? first + step * i : last - step * (count - 1 - i)),
  );
}

/** `numpy.linspace(start, end, count)` in float64; `endpoint: false` leaves the last point out. */
export function linspace64(start: number, end: number, count: number, endpoint = true): number[] {
  const divisions = endpoint ? count - 1 : count;
  const step = divisions > 0 ? (end - start) / divisions : 0;
  const values = Array.from({ length: count }, (_, i) => i * step + start);
  if (endpoint && count > 1) values[count - 1] = end;
  return values;
}

/** Rounds halves to the even neighbour, as numpy does; Math.round takes them up. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** `torch.cumprod` of float32 values on a CPU: the running product is f64, each result is rounded to float32. */
export function cumprod32(values: readonly number[]): number[] {
  let product = 1;
  return values.map((value) => {
    product *= value;
    return Math.fround(product);
  });
}
