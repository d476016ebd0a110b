/** Pictures on a 2d canvas, as runtime/canvas.ts draws them with WebGPU: nearest neighbour, as large as fits, centred. */
import { check, InputError } from "../tensor/check";

export type CanvasLike = HTMLCanvasElement | OffscreenCanvas;

/** Which pictures of a batch (B, H, W, C) a sheet shows: the fields of shaders/draw_picture.wgsl. */
export interface Pictures {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly first: number;
  readonly count: number;
  readonly channels: number;
  /** vec4s of a pixel. */
  readonly vectors: number;
}

export function drawPictures(canvas: CanvasLike, x: Float32Array, pictures: Pictures): void {
  const { width, height, columns, rows, first, count, channels, vectors } = pictures;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  check(context, () => "draw: the canvas must have no webgpu or webgl context, got one that has", InputError);
  const sheet = new ImageData(columns * width, rows * height);
  for (let p = 0; p < count * width * height; p++) {
    const picture = Math.floor(p / (width * height));
    const row = Math.floor(picture / columns) * height + (Math.floor(p / width) % height);
    const column = (picture % columns) * width + (p % width);
    const from = (first * width * height + p) * 4 * vectors;
    const to = 4 * (row * sheet.width + column);
    // ImageData clamps and rounds.
    for (let c = 0; c < 3; c++) sheet.data[to + c] = (x[from + (channels < 3 ? 0 : c)]! / 2 + 0.5) * 255;
    sheet.data[to + 3] = 255;
  }
  const scale = Math.min(canvas.width / sheet.width, canvas.height / sheet.height);
  const [w, h] = [sheet.width * scale, sheet.height * scale];
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvasOf(sheet), (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
}

function canvasOf(pixels: ImageData): OffscreenCanvas {
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  return canvas;
}
