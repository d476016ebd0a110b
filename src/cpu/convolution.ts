/**
 * The loops of a convolution, shared by the kernels of conv2d: the heart of the CPU path, and nearly all of its time.
 *
 *   sums[p, n] += sum over taps t, channels k of x[p * stride + t - pad, k] * w[t, k, n]
 */

/** Where the window lies: fields of the shaders' `Params`, in pixels. */
export type WindowField =
  | "in_height"
  | "in_width"
  | "out_height"
  | "out_width"
  | "kernel_height"
  | "kernel_width"
  | "stride"
  | "dilation"
  | "pad_top"
  | "pad_left"
  | "upsample";
export type Window = Readonly<Record<WindowField, number>>;

/** An operand of the product: a tensor with `channels` numbers a pixel, a multiple of four. */
export interface Source {
  readonly data: Float32Array;
  readonly channels: number;
}

/** Where the input pixel lies that a tap of an output pixel reads, -1 outside the image: (taps) for one output pixel. */
function tapsOf(window: Window, pixel: number, taps: Int32Array): void {
  const { in_height, in_width, out_height, out_width, kernel_height, kernel_width, stride, dilation } = window;
  const row = Math.floor(pixel / out_width);
  const image = Math.floor(row / out_height);
  const top = (row % out_height) * stride - window.pad_top;
  const left = (pixel % out_width) * stride - window.pad_left;
  const shift = window.upsample; // with 1 the input counts as twice its height and width
  for (let ky = 0, tap = 0; ky < kernel_height; ky++) {
    for (let kx = 0; kx < kernel_width; kx++, tap++) {
      const y = top + ky * dilation;
      const x = left + kx * dilation;
      const isInside = y >= 0 && y < in_height << shift && x >= 0 && x < in_width << shift;
      taps[tap] = isInside ? (image * in_height + (y >> shift)) * in_width + (x >> shift) : -1;
    }
  }
}

/** Output pixels that share every weight that is loaded. */
const TILE = 4;

/**
 * A convolution as a product: the numbers that a window covers lie in a row, and rows of four pixels meet w together.
 *
 * Sixteen sums of four pixels and four output channels stay in registers, so that a load serves four multiply-adds;
 * JavaScript has no vectors, and loops that keep their sums in memory take nearly twice as long.
 */
export class Product {
  readonly #window: Window;
  readonly #sources: readonly Source[];
  readonly #shortcuts: readonly Source[];
  readonly #N: number;
  /** Rows of w under the whole window, shortcuts included. */
  readonly #K: number;
  readonly #rows: Float32Array;
  readonly #taps: Int32Array;
  readonly #sums: Float64Array;

  /** The window runs over `sources`, side by side; `shortcuts` are read at the output pixel, after the taps. */
  constructor(window: Window, sources: readonly Source[], shortcuts: readonly Source[], N: number) {
    const width = (list: readonly Source[]) => list.reduce((sum, { channels }) => sum + channels, 0);
    this.#window = window;
    this.#sources = sources.filter(({ channels }) => channels > 0);
    this.#shortcuts = shortcuts.filter(({ channels }) => channels > 0);
    this.#N = N;
    this.#taps = new Int32Array(window.kernel_height * window.kernel_width);
    this.#K = this.#taps.length * width(sources) + width(shortcuts);
    this.#rows = new Float32Array(TILE * this.#K);
    this.#sums = new Float64Array(TILE * N);
  }

  /**
   * Calls `visit` with each of the pixels from `first` to `end` and its sums over w from number `start` on; they are N
   * numbers from `at` on. All the pixels share these weights.
   */
  forEachPixel(
    first: number,
    end: number,
    w: Float32Array,
    start: number,
    visit: (pixel: number, sums: Float64Array, at: number) => void,
  ): void {
    for (let tile = first; tile < end; tile += TILE) {
      const count = Math.min(TILE, end - tile);
      // Rows past the end are those of the tile before: they are multiplied, and nobody asks for the result.
      for (let i = 0; i < count; i++) this.#gather(tile + i, i * this.#K);
      multiply(this.#rows, this.#K, w, start, this.#N, this.#sums);
      for (let i = 0; i < count; i++) visit(tile + i, this.#sums, i * this.#N);
    }
  }

  /** Puts into a row what the window of an output pixel covers, zeros where it lies outside the image. */
  #gather(pixel: number, start: number): void {
    const rows = this.#rows;
    tapsOf(this.#window, pixel, this.#taps);
    let at = start;
    for (const tap of this.#taps) {
      for (const { data, channels } of this.#sources) {
        if (tap < 0) rows.fill(0, at, at + channels);
        else for (let k = 0; k < channels; k++) rows[at + k] = data[tap * channels + k]!;
        at += channels;
      }
    }
    for (const { data, channels } of this.#shortcuts) {
      for (let k = 0; k < channels; k++) rows[at + k] = data[pixel * channels + k]!;
      at += channels;
    }
  }
}

/** sums[i, n] = sum over k of rows[i, k] * w[start + k N + n] for four rows; N is a multiple of four. */
function multiply(rows: Float32Array, K: number, w: Float32Array, start: number, N: number, sums: Float64Array): void {
  for (let n = 0; n < N; n += 4) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    let c0 = 0;
    let c1 = 0;
    let c2 = 0;
    let c3 = 0;
    let d0 = 0;
    let d1 = 0;
    let d2 = 0;
    let d3 = 0;
    for (let k = 0, at = start + n; k < K; k++, at += N) {
      const w0 = w[at]!;
      const w1 = w[at + 1]!;
      const w2 = w[at + 2]!;
      const w3 = w[at + 3]!;
      const a = rows[k]!;
      const b = rows[K + k]!;
      const c = rows[2 * K + k]!;
      const d = rows[3 * K + k]!;
      a0 += a * w0;
      a1 += a * w1;
      a2 += a * w2;
      a3 += a * w3;
      b0 += b * w0;
      b1 += b * w1;
      b2 += b * w2;
      b3 += b * w3;
      c0 += c * w0;
      c1 += c * w1;
      c2 += c * w2;
      c3 += c * w3;
      d0 += d * w0;
      d1 += d * w1;
      d2 += d * w2;
      d3 += d * w3;
    }
    sums[n] = a0;
    sums[n + 1] = a1;
    sums[n + 2] = a2;
    sums[n + 3] = a3;
    sums[N + n] = b0;
    sums[N + n + 1] = b1;
    sums[N + n + 2] = b2;
    sums[N + n + 3] = b3;
    sums[2 * N + n] = c0;
    sums[2 * N + n + 1] = c1;
    sums[2 * N + n + 2] = c2;
    sums[2 * N + n + 3] = c3;
    sums[3 * N + n] = d0;
    sums[3 * N + n + 1] = d1;
    sums[3 * N + n + 2] = d2;
    sums[3 * N + n + 3] = d3;
  }
}
