/** shaders/lib/sampler_table.wgsl in TypeScript: a sampler's table as src/schedulers/pack.ts packs it, and its static. */
import { normalOf, philox } from "../random/philox";
import { HEADER, NO_DRAW, ROW } from "../schedulers/pack";
import { HEADER_WORDS, ROW_WORDS } from "../schedulers/table";

/** The three sums of a row, in the order of its forms: the next state, and the two slots that are written. */
export type Sum = 0 | 1 | 2;

export class SamplerTable {
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;

  constructor(floats: Float32Array, words: Uint32Array) {
    this.#floats = floats;
    this.#words = words;
  }

  get rows(): number {
    return this.#words[HEADER.rows]!;
  }

  /** A number of the header. */
  float(field: keyof typeof HEADER): number {
    return this.#floats[HEADER[field]]!;
  }

  /** A count of the header. */
  word(field: keyof typeof HEADER): number {
    return this.#words[HEADER[field]]!;
  }

  /** Row `index`; beyond the end, the last one. */
  row(index: number): Row {
    const start = HEADER_WORDS + Math.min(index, this.rows - 1) * ROW_WORDS;
    return new Row(this.#floats.subarray(start, start + ROW_WORDS), this.#words.subarray(start, start + ROW_WORDS));
  }

  /** What the network's next input is multiplied with; after the last row nothing is asked of it. */
  nextInputScale(index: number): number {
    return index + 1 < this.rows ? this.row(index + 1).float("inputScale") : 1;
  }

  /** Classifier-free guidance (Ho & Salimans 2022, eq. 6; 1 is no guidance). */
  guide(conditional: number, unconditional: number): number {
    return unconditional + this.float("guidanceScale") * (conditional - unconditional);
  }

  /** Element `index` of `image` (of `size` elements in NCHW order) of draw `draw`: torch's on CUDA, see src/random/philox.ts. */
  static(draw: number, image: number, index: number, images: number, size: number): number {
    const number = this.word("firstDraw") + draw;
    const [low, high, lanes] = [this.word("seedLow"), this.word("seedHigh"), this.word("lanes")];
    if (!this.word("streamPerImage"))
      return normalElement(low, high, number, image * size + index, images * size, lanes);
    const own = (low + image) >>> 0;
    return normalElement(own, (high + (own < low ? 1 : 0)) >>> 0, number, index, size, lanes);
  }
}

export class Row {
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;

  constructor(floats: Float32Array, words: Uint32Array) {
    this.#floats = floats;
    this.#words = words;
  }

  float(field: keyof typeof ROW): number {
    return this.#floats[ROW[field]]!;
  }

  word(field: keyof typeof ROW): number {
    return this.#words[ROW[field]]!;
  }

  /** The number of the draw that the row adds; null where it adds none. */
  get draw(): number | null {
    return this.word("draw") === NO_DRAW ? null : this.word("draw");
  }

  /** What a sum takes from x, x0, eps and noise. */
  present(sum: Sum, x: number, x0: number, eps: number, noise: number): number {
    const at = ROW.forms + 4 * sum;
    const weights = this.#floats;
    return weights[at]! * x + weights[at + 1]! * x0 + weights[at + 2]! * eps + weights[at + 3]! * noise;
  }

  /** What a sum takes from a slot. A weight of zero must not count: its slot may never have been written. */
  remembered(sum: Sum, slot: number, value: number): number {
    const weight = this.#floats[ROW.slots + 4 * slot + sum]!;
    return weight === 0 ? 0 : weight * value;
  }
}

/** Element `index` of `count` of a draw; a CUDA launch has at most `lanes` lanes (0: as many as elements). */
function normalElement(low: number, high: number, draw: number, index: number, count: number, lanes: number): number {
  const width = lanes > 0 ? Math.min(lanes, count) : count;
  const rounds = Math.ceil(count / (4 * width));
  const visit = Math.floor(index / width);
  const words = philox([draw * rounds + Math.floor(visit / 4), 0, index % width, 0], [low, high]);
  const component = visit % 4;
  return normalOf(words[component < 2 ? 0 : 2], words[component < 2 ? 1 : 3], component % 2);
}
