/**
 * Philox4x32-10, the counter-based generator of torch on CUDA, and its normal draws.
 *
 * Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". A counter and a key give four independent words,
 * so element i of draw d can be made anywhere, in any order: the GPU makes its noise inside the update kernel
 * (shaders/lib/philox.wgsl) and this file says which noise that must be.
 *
 * The layout is that of `torch.randn(..., device="cuda")`: key = seed, counter = (draw, 0, element, 0), the normal from
 * words 0 and 1 by Box-Muller. The elements are counted in NCHW order over the whole batch. CUDA launches at most
 * `lanes` lanes; where a tensor has more elements, lane i also makes elements i + lanes, i + 2 lanes ... from the other
 * words. That limit depends on the GPU (H200 270336, A100 221184, RTX 4090 196608, T4 40960).
 */

const MULTIPLIER_0 = 0xd2511f53; // PHILOX_M4x32_0
const MULTIPLIER_1 = 0xcd9e8d57; // PHILOX_M4x32_1
const WEYL_0 = 0x9e3779b9; // golden ratio
const WEYL_1 = 0xbb67ae85; // sqrt(3) - 1
const ROUNDS = 10;
const TWO_POW_MINUS_32 = 2 ** -32;

/** Four 32-bit words. */
export type Words = readonly [number, number, number, number];

/** The four random words of `counter` under `key`. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the 64-bit product, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** Which part of a CUDA generator's stream a draw takes. */
export interface PhiloxDraw {
  readonly seed: bigint;
  /** How many draws of the same size came before it. */
  readonly draw: number;
  /** Lanes of the launch; 0 (the default) for as many as there are elements. */
  readonly lanes?: number;
}

/** The four words behind element `index` of `count`, and which of its four normals the element takes. */
export function wordsOf(index: number, count: number, options: PhiloxDraw): { words: Words; component: number } {
  const lanes = options.lanes && options.lanes < count ? options.lanes : count;
  const roundsPerDraw = Math.ceil(count / (4 * lanes));
  const visit = Math.floor(index / lanes);
  const offset = BigInt(options.draw) * BigInt(roundsPerDraw) + BigInt(Math.floor(visit / 4));
  const key = [Number(BigInt.asUintN(32, options.seed)), Number(BigInt.asUintN(32, options.seed >> 32n))] as const;
  const counter: Words = [
    Number(BigInt.asUintN(32, offset)),
    Number(BigInt.asUintN(32, offset >> 32n)),
    index % lanes,
    0,
  ];
  return { words: philox(counter, key), component: visit % 4 };
}

/** `count` standard normals in f64, as `torch.randn(count, device="cuda")` makes them in float32. */
export function philoxNormal(count: number, options: PhiloxDraw): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => {
    const { words, component } = wordsOf(index, count, options);
    return normalOf(words[component < 2 ? 0 : 2], words[component < 2 ? 1 : 3], component % 2);
  });
}

/**
 * Box-Muller as cuRAND has it: the sine comes first. The uniform under the logarithm is rounded to float32 as there,
 * because near 1 that rounding is visible in the result; the angle is exact, which differs by less than 2e-6.
 */
export function normalOf(radiusWord: number, angleWord: number, component: number): number {
  const u = Math.fround(Math.fround(radiusWord) * TWO_POW_MINUS_32 + TWO_POW_MINUS_32 / 2);
  const angle = 2 * Math.PI * (angleWord + 0.5) * TWO_POW_MINUS_32;
  const radius = Math.sqrt(-2 * Math.log(u));
  return radius * (component === 0 ? Math.sin(angle) : Math.cos(angle));
}
