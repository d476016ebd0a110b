/** Tensors as pictures: which number is where, and how it is drawn. */
import type { TensorValues } from "../../index";
import { paint, type Scale } from "./colours";

/** A tensor seen as `images` batches of `channels` maps, each `height` x `width`. */
export interface Maps {
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly value: (image: number, channel: number, y: number, x: number) => number;
  /** The axes' names, for those who read a value. */
  readonly isPicture: boolean;
  /** What a map is one of. */
  readonly kind: "channel" | "head";
}

/** Attention's weights, (B, heads, queries, keys): a map per head, a row per query. */
export function headMapsOf({ shape, values }: TensorValues): Maps {
  const [images, channels, height, width] = shape as [number, number, number, number];
  const value = (b: number, c: number, y: number, x: number) => values[((b * channels + c) * height + y) * width + x]!;
  return { images, channels, height, width, value, isPicture: true, kind: "head" };
}

/** (B, H, W, C) is C pictures, (B, L, D) one map a batch with a row for each token; the rest is rows, too. */
export function mapsOf({ shape, values }: TensorValues): Maps {
  const C = shape.at(-1)!;
  if (shape.length === 4) {
    const [B, H, W] = shape as [number, number, number, number];
    const value = (b: number, c: number, y: number, x: number) => values[((b * H + y) * W + x) * C + c]!;
    return { images: B, channels: C, height: H, width: W, value, isPicture: true, kind: "channel" };
  }
  const images = shape.length === 3 ? shape[0]! : 1;
  const height = values.length / C / images;
  const value = (b: number, _c: number, y: number, x: number) => values[(b * height + y) * C + x]!;
  return { images, channels: 1, height, width: C, value, isPicture: false, kind: "channel" };
}

/** Draws one map on a canvas, a pixel a number; style sheets enlarge it. */
export function drawMap(
  canvas: HTMLCanvasElement,
  maps: Maps,
  image: number,
  channel: number,
  scale: Scale,
  limit: number,
) {
  const { height, width } = maps;
  canvas.width = width;
  canvas.height = height;
  const picture = new ImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      paint(scale, maps.value(image, channel, y, x), limit, picture.data, y * width + x);
    }
  }
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
}

/** The channel whose map says most: the one with the largest spread. */
export function liveliest(maps: Maps, image: number): number {
  let best = 0;
  let most = -1;
  for (let c = 0; c < maps.channels; c++) {
    let sum = 0;
    let squares = 0;
    for (let y = 0; y < maps.height; y++) {
      for (let x = 0; x < maps.width; x++) {
        const value = maps.value(image, c, y, x);
        sum += value;
        squares += value * value;
      }
    }
    const pixels = maps.height * maps.width;
    const variance = squares / pixels - (sum / pixels) ** 2;
    if (variance > most) [best, most] = [c, variance];
  }
  return best;
}
