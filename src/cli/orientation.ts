/** How a camera was held: the EXIF tag of a JPEG, and the pixels turned upright. */
import type { Pixels } from "./picture_file";

const APP1 = 0xffe1;
const START_OF_SCAN = 0xffda;
const ORIENTATION_TAG = 0x0112;

/** The orientation tag, 1 to 8; 1 (upright) where there is none. */
export function orientationOf(jpeg: Buffer): number {
  let at = 2;
  while (at + 4 <= jpeg.length) {
    const marker = jpeg.readUInt16BE(at);
    if (marker < 0xff00 || marker === START_OF_SCAN) break;
    const length = jpeg.readUInt16BE(at + 2);
    const segment = jpeg.subarray(at + 4, at + 2 + length);
    if (marker === APP1 && segment.subarray(0, 6).equals(Buffer.from("Exif\0\0"))) return fromTiff(segment.subarray(6));
    at += 2 + length;
  }
  return 1;
}

/** Reads the tag off the first directory of a TIFF header (EXIF 2.3, section 4.6). */
function fromTiff(tiff: Buffer): number {
  const isLittle = tiff.toString("latin1", 0, 2) === "II";
  const u16 = (at: number) => (at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number) => (at + 4 > tiff.length ? 0 : isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const directory = u32(4);
  for (let i = 0; i < u16(directory); i++) {
    const entry = directory + 2 + 12 * i;
    if (u16(entry) === ORIENTATION_TAG) return Math.min(Math.max(u16(entry + 8), 1), 8);
  }
  return 1;
}

/** The pixels as the photographer saw them. */
export function turned({ width, height, data }: Pixels, orientation: number): Pixels {
  if (orientation === 1) return { width, height, data };
  // 2 to 4 mirror and turn by half a circle, 5 to 8 also exchange rows and columns.
  const isTransposed = orientation >= 5;
  const mirrorsX = [2, 3, 7, 8].includes(orientation);
  const mirrorsY = [3, 4, 6, 7].includes(orientation);
  const [W, H] = isTransposed ? [height, width] : [width, height];
  const from = new Uint32Array(data.slice().buffer);
  const to = new Uint32Array(from.length);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const [u, v] = isTransposed ? [y, x] : [x, y];
      to[y * W + x] = from[(mirrorsY ? height - 1 - v : v) * width + (mirrorsX ? width - 1 - u : u)]!;
    }
  }
  return { width: W, height: H, data: new Uint8Array(to.buffer) };
}
