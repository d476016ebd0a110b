/**
 * torch's CPU generator: the Mersenne Twister mt19937 and the way `torch.randn` makes normals of it.
 *
 * A diffusers script that says `torch.Generator("cpu").manual_seed(seed)` draws its static here. The integers are
 * exact; torch's vectorised logarithm and cosine differ from f64 in the last bits of a float32.
 */

const STATE_WORDS = 624;
const SHIFT_WORDS = 397;
const TWIST = 0x9908b0df;
const BLOCK = 16; // torch fills blocks of 16: eight radii and eight angles

/** A stream of random numbers with torch's CPU generator behind it. */
export class TorchCpuGenerator {
  readonly #state = new Uint32Array(STATE_WORDS);
  #next = STATE_WORDS;
  /** The second normal of a Box-Muller pair of the scalar path; torch keeps it for the next scalar draw. */
  #spare: number | null = null;

  /** As `torch.Generator().manual_seed(seed)`: the lower 32 bits of the seed count. */
  constructor(seed: bigint) {
    this.#state[0] = Number(BigInt.asUintN(32, seed));
    for (let i = 1; i < STATE_WORDS; i++) {
      const previous = this.#state[i - 1]!;
      this.#state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** The next 32-bit word of the twister. */
  word(): number {
    if (this.#next === STATE_WORDS) this.#twist();
    let y = this.#state[this.#next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** `torch.randn(count)`: float32 values, in the order of the tensor's memory (NCHW). */
  randn(count: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(count);
    if (count < BLOCK) {
      for (let i = 0; i < count; i++) values[i] = this.#scalarNormal();
      return values;
    }
    const uniforms = Float64Array.from({ length: count }, () => this.#uniform24());
    for (let start = 0; start + BLOCK <= count; start += BLOCK) fillBlock(uniforms, values, start);
    if (count % BLOCK !== 0) {
      // The tail is not what was left over: torch draws the last 16 values again, over the end of the last block.
      const start = count - BLOCK;
      for (let i = start; i < count; i++) uniforms[i] = this.#uniform24();
      fillBlock(uniforms, values, start);
    }
    return values;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE_WORDS; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % STATE_WORDS]! & 0x7fffffff);
      state[i] = state[(i + SHIFT_WORDS) % STATE_WORDS]! ^ (y >>> 1) ^ (y & 1 ? TWIST : 0);
    }
    this.#next = 0;
  }

  #uniform24(): number {
    return (this.word() & 0xffffff) * 2 ** -24;
  }

  #uniform53(): number {
    const high = this.word();
    const low = this.word();
    return ((high & 0x1fffff) * 2 ** 32 + low) * 2 ** -53;
  }

  #scalarNormal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    const angle = 2 * Math.PI * this.#uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform53()));
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** Box-Muller over one block: the first eight uniforms give radii, the other eight angles. */
function fillBlock(uniforms: Float64Array, values: Float32Array, start: number): void {
  const half = BLOCK / 2;
  for (let j = start; j < start + half; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniforms[j]!));
    const angle = 2 * Math.PI * uniforms[j + half]!;
    values[j] = radius * Math.cos(angle);
    values[j + half] = radius * Math.sin(angle);
  }
}
