/**
 * Matrices as 8-bit integers: value = q * scale with q from -127 to 127 and one f32 scale for each output channel, the
 * smallest that reaches the channel's largest weight. Symmetric: zero stays zero, and -128 does not occur.
 */

/** The largest |q|. */
export const INT8_MAX = 127;

export interface Int8Matrix {
  /** As many as there were values, in their order. */
  readonly q: Int8Array<ArrayBuffer>;
  /** One for each channel. */
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * Rounds `values` to the nearest multiple of their channel's scale. Value i is of channel floor(i / inner) % channels:
 * `inner` is the row's length in PyTorch's (channels, ...), and 1 where the channels lie last.
 */
export function encodeInt8(values: Float32Array, channels: number, inner: number): Int8Matrix {
  const scales = new Float32Array(channels);
  eachRun(values.length, channels, inner, (channel, first, end) => {
    let largest = scales[channel]!;
    for (let i = first; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
    scales[channel] = largest;
  });
  for (let channel = 0; channel < channels; channel++) scales[channel]! /= INT8_MAX;
  const q = new Int8Array(values.length);
  eachRun(values.length, channels, inner, (channel, first, end) => {
    const scale = scales[channel]!;
    if (scale === 0) return; // nothing but zeros
    for (let i = first; i < end; i++) q[i] = Math.round(values[i]! / scale);
  });
  return { q, scales };
}

/** The values that `q` and `scales` mean, with `inner` as in `encodeInt8`. */
export function decodeInt8(q: ArrayLike<number>, scales: Float32Array, inner: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(q.length);
  eachRun(q.length, scales.length, inner, (channel, first, end) => {
    const scale = scales[channel]!;
    for (let i = first; i < end; i++) values[i] = q[i]! * scale;
  });
  return values;
}

/** Calls `visit` for every run of neighbours that share a channel. */
function eachRun(
  length: number,
  channels: number,
  inner: number,
  visit: (channel: number, first: number, end: number) => void,
): void {
  for (let first = 0, channel = 0; first < length; first += inner, channel = (channel + 1) % channels) {
    visit(channel, first, first + inner);
  }
}
