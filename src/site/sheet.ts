/** Pictures beside and below each other, as one. */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** As the engine lays out a batch: a square, or a little wider. */
export function sheetSize(count: number): readonly [columns: number, rows: number] {
  const columns = Math.ceil(Math.sqrt(count));
  return [columns, Math.ceil(count / columns)];
}

/** `columns` pictures in a line, each pixel `scale` times as large, `gap` transparent pixels between them. */
export function sheet(pictures: readonly Pixels[], columns: number, scale = 1, gap = 0): Pixels {
  const [first] = pictures;
  const [w, h] = [first!.width * scale, first!.height * scale];
  const rows = Math.ceil(pictures.length / columns);
  const width = columns * w + (columns - 1) * gap;
  const height = rows * h + (rows - 1) * gap;
  const target = new Uint32Array(width * height);
  pictures.forEach((picture, i) => {
    const source = new Uint32Array(picture.data.buffer, picture.data.byteOffset, picture.width * picture.height);
    const left = (i % columns) * (w + gap);
    const top = Math.floor(i / columns) * (h + gap);
    for (let y = 0; y < h; y++) {
      const line = Math.floor(y / scale) * picture.width;
      const start = (top + y) * width + left;
      for (let x = 0; x < w; x++) target[start + x] = source[line + Math.floor(x / scale)]!;
    }
  });
  return { width, height, data: new Uint8ClampedArray(target.buffer) };
}

/** Shows the pixels on a canvas, which takes their size. */
export function paintPixels(canvas: HTMLCanvasElement, { width, height, data }: Pixels): void {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
}
