/** Contact sheets: pictures of one size in rows, each with a caption. */
import { Canvas, FAINT, INK, textHeight, textWidth } from "./canvas";
import type { Picture } from "./picture";

export interface Cell {
  readonly picture: Picture;
  readonly caption: string;
}

/** Pixels between cells and around the sheet. */
const GAP = 10;

/** The sheet; `title` stands above it. */
export function contactSheet(rows: readonly (readonly Cell[])[], title: string): Canvas {
  const cells = rows.flat();
  const { width: w, height: h } = cells[0]!.picture;
  const columns = Math.max(...rows.map((row) => row.length));
  // Captions in large dots where they fit.
  const scale = Math.max(...cells.map(({ caption }) => textWidth(caption, 2))) <= w ? 2 : 1;
  const widest = Math.max(w, ...cells.map(({ caption }) => textWidth(caption, scale)));
  const [stepX, stepY] = [widest + GAP, h + textHeight(scale) + GAP + GAP / 2];
  const titleScale = textWidth(title, 2) <= columns * stepX - GAP ? 2 : 1;
  const top = GAP + textHeight(titleScale) + GAP;
  const width = Math.max(columns * stepX, textWidth(title, titleScale) + GAP) + GAP;
  const canvas = new Canvas(width, top + rows.length * stepY);
  canvas.text(title, GAP, GAP, INK, titleScale);
  rows.forEach((row, y) => {
    row.forEach(({ picture, caption }, x) => {
      canvas.paste(picture, GAP + x * stepX, top + y * stepY);
      canvas.text(caption, GAP + x * stepX, top + y * stepY + h + GAP / 2, FAINT, scale);
    });
  });
  return canvas;
}

/** `items` in rows of `columns`. */
export function inRows<T>(items: readonly T[], columns: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / columns) }, (_, row) =>
    items.slice(row * columns, (row + 1) * columns),
  );
}
