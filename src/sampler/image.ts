/** Pictures as the engine hands them out: plain numbers that any canvas or encoder takes. */
import { check } from "../tensor/check";
import { type BHWC, sizeOf } from "../tensor/shape";

/** One picture. `data` is RGBA, 8 bits a channel, as `ImageData` wants it; `samples` the network's own numbers. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  /** (H, W, C), without padding; -1 is black, 1 is white. */
  readonly samples: Float32Array<ArrayBuffer>;
}

/** Splits a batch (B, H, W, C), without padding, into pictures. One channel becomes grey, more than three are cut. */
export function imagesOf(batch: Float32Array, shape: BHWC): Image[] {
  const [B, H, W, C] = shape;
  check(
    batch.length === sizeOf(shape),
    () => `imagesOf: a batch must have ${sizeOf(shape)} numbers, got ${batch.length}`,
  );
  return Array.from({ length: B }, (_, b) => {
    const samples = batch.slice(b * H * W * C, (b + 1) * H * W * C);
    const data = new Uint8ClampedArray(H * W * 4);
    for (let p = 0; p < H * W; p++) {
      for (let channel = 0; channel < 3; channel++) {
        // Uint8ClampedArray rounds to the nearest and clamps, as diffusers' image processor does.
        data[4 * p + channel] = (samples[p * C + (C < 3 ? 0 : channel)]! / 2 + 0.5) * 255;
      }
      data[4 * p + 3] = 255;
    }
    return { width: W, height: H, data, samples };
  });
}
