/** A sheet of paper: draws text, lines and pictures into RGBA pixels. */
import { GLYPH_HEIGHT, GLYPH_ROWS, GLYPH_WIDTH, isInk } from "./font";
import type { Picture } from "./picture";

/** Red, green, blue; 0 to 255. */
export type Colour = readonly [number, number, number];

export const INK: Colour = [33, 37, 41];
export const FAINT: Colour = [134, 142, 150];
export const GRID: Colour = [233, 236, 239];
export const PAPER: Colour = [255, 255, 255];

export class Canvas implements Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;

  constructor(width: number, height: number, paper: Colour = PAPER) {
    this.width = width;
    this.height = height;
    this.data = new Uint8ClampedArray(width * height * 4);
    this.fill(0, 0, width, height, paper);
  }

  /** Covers a rectangle. */
  fill(x: number, y: number, width: number, height: number, colour: Colour): void {
    for (let v = y; v < y + height; v++) for (let u = x; u < x + width; u++) this.#blend(u, v, colour, 1);
  }

  /** One line of text, its top left at (x, y), every dot `scale` pixels wide. */
  text(text: string, x: number, y: number, colour: Colour = INK, scale = 2): void {
    for (const [i, character] of [...text].entries()) {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        for (let row = 0; row < GLYPH_ROWS; row++) {
          if (!isInk(character, column, row)) continue;
          this.fill(x + (i * (GLYPH_WIDTH + 1) + column) * scale, y + row * scale, scale, scale, colour);
        }
      }
    }
  }

  /** A straight line of `thickness` pixels with soft edges and round ends. */
  line(x0: number, y0: number, x1: number, y1: number, colour: Colour, thickness = 2): void {
    const reach = thickness / 2 + 1;
    const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    for (let y = Math.floor(Math.min(y0, y1) - reach); y <= Math.max(y0, y1) + reach; y++) {
      for (let x = Math.floor(Math.min(x0, x1) - reach); x <= Math.max(x0, x1) + reach; x++) {
        const along = length2 === 0 ? 0 : ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2;
        const t = Math.min(Math.max(along, 0), 1);
        const distance = Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0));
        this.#blend(x, y, colour, Math.min(Math.max(thickness / 2 + 0.5 - distance, 0), 1));
      }
    }
  }

  /** A picture, its top left at (x, y). */
  paste(picture: Picture, x: number, y: number): void {
    for (let line = 0; line < picture.height; line++) {
      const from = picture.data.subarray(line * picture.width * 4, (line + 1) * picture.width * 4);
      this.data.set(from, ((y + line) * this.width + x) * 4);
    }
  }

  /** Mixes a colour into a pixel. */
  #blend(x: number, y: number, colour: Colour, cover: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height || cover <= 0) return;
    const at = (y * this.width + x) * 4;
    for (let c = 0; c < 3; c++) this.data[at + c] = this.data[at + c]! * (1 - cover) + colour[c]! * cover;
    this.data[at + 3] = 255;
  }
}

/** Pixels that a line of text takes. */
export function textWidth(text: string, scale = 2): number {
  return Math.max(0, [...text].length * (GLYPH_WIDTH + 1) - 1) * scale;
}

/** Pixels from the top of a letter to its foot. */
export function textHeight(scale = 2): number {
  return GLYPH_HEIGHT * scale;
}
