/** Composes pictures into grids and contact sheets, and writes them as PNG. */
import { rename, rm, writeFile } from "node:fs/promises";
import { PNG } from "pngjs";
import type { Image } from "../index";

/** RGBA, 8 bits a channel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** Pictures narrower than this are enlarged by default: a 32-pixel drawing is a speck on a screen. */
const COMFORTABLE_WIDTH = 512;

/** Light grey, between the pictures of a grid. */
const GAP_COLOUR = 200;

/** Rows of pictures of one size, `gap` pixels apart; missing ones stay blank. */
export function grid(rows: readonly (readonly Image[])[], gap: number): Picture {
  const { width: w, height: h } = rows[0]![0]!;
  const columns = Math.max(...rows.map((row) => row.length));
  const width = columns * w + (columns - 1) * gap;
  const height = rows.length * h + (rows.length - 1) * gap;
  const data = new Uint8ClampedArray(width * height * 4).fill(GAP_COLOUR);
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  rows.forEach((row, y) => {
    row.forEach((image, x) => {
      for (let line = 0; line < h; line++) {
        const target = ((y * (h + gap) + line) * width + x * (w + gap)) * 4;
        data.set(image.data.subarray(line * w * 4, (line + 1) * w * 4), target);
      }
    });
  });
  return { width, height, data };
}

/** Every pixel `factor` times as wide and high. */
export function enlarge({ width, height, data }: Picture, factor: number): Picture {
  const pixels = new Uint32Array(data.slice().buffer);
  const large = new Uint32Array(pixels.length * factor * factor);
  for (let y = 0; y < height * factor; y++) {
    const line = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++) large[y * width * factor + x] = pixels[line + Math.floor(x / factor)]!;
  }
  return { width: width * factor, height: height * factor, data: new Uint8ClampedArray(large.buffer) };
}

/** The enlargement that makes a picture comfortable to look at. */
export function comfortableScale({ width }: Picture): number {
  return Math.max(1, Math.ceil(COMFORTABLE_WIDTH / width));
}

/** Writes a PNG whole or not at all: under another name first, then renamed. */
export async function writePng(file: string, { width, height, data }: Picture): Promise<void> {
  const png = new PNG({ width, height });
  png.data.set(data);
  const partial = `${file}.${process.pid}.partial`;
  try {
    await writeFile(partial, PNG.sync.write(png));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
