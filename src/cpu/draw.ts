/** Pictures on a 2d canvas, as runtime/canvas.ts draws them with WebGPU: nearest neighbour, as large as fits, centred. */
import { check, InputError } from "../tensor/check";

export type CanvasLike = HTMLCanvasElement | OffscreenCanvas;

/** One picture as RGBA bytes. */
export interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** Which pictures of a batch (B, H, W, C) a sheet shows: the fields of shaders/draw_picture.wgsl. */
export interface Pictures {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly first: number;
  readonly count: number;
  readonly channels: number;
  /** vec4s of a pixel. */
  readonly vectors: number;
}

export function drawPictures(canvas: CanvasLike, x: Float32Array, pictures: Pictures): void {
  const { width, height, first, count, channels, vectors, columns } = pictures;
  const images = Array.from({ length: count }, (_, i) => {
    const data = new Uint8ClampedArray(width * height * 4);
    for (let p = 0; p < width * height; p++) {
      const from = ((first + i) * width * height + p) * 4 * vectors;
      // The array clamps and rounds.
      for (let c = 0; c < 3; c++) data[4 * p + c] = (x[from + (channels < 3 ? 0 : c)]! / 2 + 0.5) * 255;
      data[4 * p + 3] = 255;
    }
    return { width, height, data };
  });
  drawSheet(canvas, images, columns);
}

/** Pictures of one size in rows of `columns`. The canvas's own size is left alone, its other contents are cleared. */
export function drawSheet(canvas: CanvasLike, images: readonly Rgba[], columns: number): void {
  const context = canvas.getContext("2d") as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  check(context, () => "draw: the canvas must have no webgpu or webgl context, got one that has", InputError);
  const { width, height } = images[0]!;
  const sheet = new OffscreenCanvas(columns * width, Math.ceil(images.length / columns) * height);
  const pixels = sheet.getContext("2d")!;
  images.forEach(({ data }, i) => {
    pixels.putImageData(new ImageData(data, width), (i % columns) * width, Math.floor(i / columns) * height);
  });
  const scale = Math.min(canvas.width / sheet.width, canvas.height / sheet.height);
  const [w, h] = [sheet.width * scale, sheet.height * scale];
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
}
