/** The loop of every kernel of a sampler: over the channels of pixels in the padded layout. */

export interface Batch {
  readonly images: number;
  readonly pixels: number;
  readonly channels: number;
}

/** Numbers of a tensor of such pictures, padding included. */
export function sizeOfBatch({ images, pixels, channels }: Batch): number {
  return images * pixels * strideOf(channels);
}

/** Numbers from one pixel to the next. */
export function strideOf(channels: number): number {
  return 4 * Math.ceil(channels / 4);
}

/** Calls `visit` with the place of each channel in memory, image, pixel and channel; padding is passed over. */
export function forEachChannel(
  { images, pixels, channels }: Batch,
  visit: (at: number, image: number, pixel: number, channel: number) => void,
): void {
  const stride = strideOf(channels);
  for (let image = 0; image < images; image++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const start = (image * pixels + pixel) * stride;
      for (let channel = 0; channel < channels; channel++) visit(start + channel, image, pixel, channel);
    }
  }
}

/** Writes what the network sees next, with guidance once for each of its two halves. */
export function writeModelInput(
  modelInput: Float32Array,
  at: number,
  seen: number,
  guided: number,
  size: number,
): void {
  modelInput[at] = seen;
  if (guided) modelInput[size + at] = seen;
}
