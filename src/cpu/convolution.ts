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
export function tapsOf(window: Window, pixel: number, taps: Int32Array): void {
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

/**
 * Adds one pixel of a source, times its rows of w from `row` on, to the sums of all N output channels.
 *
 * Four input channels at a time, because the layout pads to four and so each sum is loaded and stored once for four
 * multiply-adds; over the output channels, because those are contiguous in w. Larger tiles of sums are slower: JavaScript
 * has no vectors, and their sums do not fit the registers.
 */
export function addProduct(
  sums: Float64Array,
  { data, channels }: Source,
  pixel: number,
  w: Float32Array,
  row: number,
): void {
  const N = sums.length;
  const start = pixel * channels;
  let w0 = row * N;
  for (let k = start; k < start + channels; k += 4) {
    const [x0, x1, x2, x3] = [data[k]!, data[k + 1]!, data[k + 2]!, data[k + 3]!];
    const [w1, w2, w3] = [w0 + N, w0 + 2 * N, w0 + 3 * N];
    for (let n = 0; n < N; n++) {
      sums[n]! += x0 * w[w0 + n]! + x1 * w[w1 + n]! + x2 * w[w2 + n]! + x3 * w[w3 + n]!;
    }
    w0 += 4 * N;
  }
}

/** The whole window of an output pixel: tap by tap, first x and then second, as the rows of w are ordered. */
export function addWindow(
  sums: Float64Array,
  taps: Int32Array,
  x: Source,
  second: Source,
  w: Float32Array,
  row: number,
): void {
  const perTap = x.channels + second.channels;
  for (let tap = 0; tap < taps.length; tap++) {
    const pixel = taps[tap]!;
    if (pixel < 0) continue;
    addProduct(sums, x, pixel, w, row + tap * perTap);
    if (second.channels > 0) addProduct(sums, second, pixel, w, row + tap * perTap + x.channels);
  }
}
