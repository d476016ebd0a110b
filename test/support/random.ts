/** Seeded random numbers for tests: mulberry32 and Box-Muller, so that a failing case can be repeated. */

/** `count` numbers, uniform in [0, 1). */
export function uniform(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  });
}

/** `count` numbers, normal with the given mean and standard deviation. */
export function normal(count: number, seed: number, mean = 0, std = 1): Float32Array<ArrayBuffer> {
  const u = uniform(2 * count, seed);
  return Float32Array.from({ length: count }, (_, i) => {
    const radius = Math.sqrt(-2 * Math.log(1 - u[2 * i]!));
    return mean + std * radius * Math.cos(2 * Math.PI * u[2 * i + 1]!);
  });
}
