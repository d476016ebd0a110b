/** Pictures that a user brings along: made into the network's numbers, and to the model's size. */
import { check, InputError } from "../tensor/check";
import type { Image } from "./image";

/**
 * A picture as `ImageData` has it, or with one (grey) or three bytes a pixel; an `Image` of a generation as well, whose
 * exact `samples` then count. Transparent pixels lie on white.
 */
export interface SourcePicture {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
  readonly samples?: Image["samples"];
}

/** A picture in the network's numbers: (H, W, C), -1 is black, 1 is white. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly samples: Float32Array<ArrayBuffer>;
}

/** Rec. 601, the weights of Pillow's "L": how grey a colour is. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** @throws InputError where `picture` is not width x height pixels of 1, 3 or 4 numbers. `name` is the option's. */
export function samplesOf(name: string, picture: SourcePicture): Samples {
  const { width, height, data } = picture;
  check(
    Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0,
    () => `${name}: width and height must be whole numbers above 0, got ${width} x ${height}`,
    InputError,
  );
  const pixels = width * height;
  const numbers = picture.samples ?? data;
  const channels = (numbers?.length ?? 0) / pixels;
  check(
    picture.samples ? channels === 1 || channels === 3 : [1, 3, 4].includes(channels),
    () => `${name}: must have 1 or 3 channels, or RGBA bytes, got ${numbers?.length} numbers for ${width} x ${height}`,
    InputError,
  );
  if (picture.samples) return { width, height, channels, samples: picture.samples };
  if (channels !== 4) {
    return { width, height, channels, samples: Float32Array.from(data, (byte) => byte / 127.5 - 1) };
  }
  const samples = new Float32Array(pixels * 3);
  for (let p = 0; p < pixels; p++) {
    const opacity = data[4 * p + 3]! / 255;
    for (let c = 0; c < 3; c++) {
      samples[3 * p + c] = (data[4 * p + c]! * opacity + 255 * (1 - opacity)) / 127.5 - 1;
    }
  }
  return { width, height, channels: 3, samples };
}

/** The same picture in one channel (grey) or three. */
export function withChannels({ width, height, channels, samples }: Samples, wanted: number): Samples {
  if (channels === wanted) return { width, height, channels, samples };
  const result = new Float32Array(width * height * wanted);
  for (let p = 0; p < width * height; p++) {
    if (wanted === 3) result.fill(samples[p]!, 3 * p, 3 * p + 3);
    else result[p] = LUMA.reduce((sum, weight, c) => sum + weight * samples[3 * p + c]!, 0);
  }
  return { width, height, channels: wanted, samples: result };
}

/** The largest centred part of the picture that has the shape of `width` x `height`, resampled to that size. */
export function cropTo(picture: Samples, width: number, height: number): Samples {
  if (picture.width === width && picture.height === height) return picture;
  const scale = Math.min(picture.width / width, picture.height / height);
  const columns = tent(picture.width, width, scale);
  const rows = tent(picture.height, height, scale);
  const { channels: C } = picture;
  const lines = new Float32Array(picture.height * width * C);
  for (let y = 0; y < picture.height; y++) {
    columns.forEach(({ first, weights }, x) => {
      for (let c = 0; c < C; c++) {
        let sum = 0;
        weights.forEach((weight, i) => {
          sum += weight * picture.samples[(y * picture.width + first + i) * C + c]!;
        });
        lines[(y * width + x) * C + c] = sum;
      }
    });
  }
  const samples = new Float32Array(height * width * C);
  rows.forEach(({ first, weights }, y) => {
    weights.forEach((weight, i) => {
      for (let k = 0; k < width * C; k++) samples[y * width * C + k]! += weight * lines[(first + i) * width * C + k]!;
    });
  });
  return { width, height, channels: C, samples };
}

/**
 * Bilinear weights of every output pixel, widened where the picture shrinks so that no pixel is skipped; what Pillow
 * calls BILINEAR. `scale` is how many input pixels an output pixel spans; the part taken is centred.
 */
function tent(from: number, to: number, scale: number): { first: number; weights: number[] }[] {
  const margin = (from - to * scale) / 2;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = margin + (i + 0.5) * scale;
    const first = Math.max(0, Math.round(centre - support));
    const last = Math.min(from, Math.round(centre + support));
    const weights = Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / support),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

/** What a generation starts from: the picture in the model's size and channels, and where it may be painted over. */
export interface Original {
  /** (H, W, C) */
  readonly samples: Float32Array<ArrayBuffer>;
  /** (H, W), 1 where the network paints and 0 where the picture stays; undefined where it may paint everywhere. */
  readonly mask: Float32Array<ArrayBuffer> | undefined;
}

/** @throws InputError where the mask is not of the picture's size, or the model's pictures are not grey or RGB. */
export function originalOf(
  init: SourcePicture,
  mask: SourcePicture | undefined,
  [H, W, C]: readonly [number, number, number],
): Original {
  check(
    C === 1 || C === 3,
    () => `init: needs a model of grey or RGB pictures, this one has ${C} channels`,
    InputError,
  );
  const picture = samplesOf("init", init);
  const { samples } = cropTo(withChannels(picture, C), W, H);
  if (!mask) return { samples, mask: undefined };
  const painted = samplesOf("mask", mask);
  check(
    painted.width === picture.width && painted.height === picture.height,
    () =>
      `mask: must be of init's size, ${picture.width} x ${picture.height}, got ${painted.width} x ${painted.height}`,
    InputError,
  );
  const cropped = cropTo(withChannels(painted, 1), W, H);
  // In between would mix two pictures; diffusers, too, makes it one or the other.
  return { samples, mask: cropped.samples.map((value) => (value >= 0 ? 1 : 0)) };
}
