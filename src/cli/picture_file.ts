/** Reads a photo: any PNG or JPEG, upright, on white where it is transparent. */
import { readFile } from "node:fs/promises";
import { decode } from "jpeg-js";
import { PNG } from "pngjs";
import { InputError, type SourcePicture } from "../index";
import { orientationOf, turned } from "./orientation";

const PNG_MAGIC = Buffer.from("89504e470d0a1a0a", "hex");
const JPEG_MAGIC = Buffer.from("ffd8ff", "hex");

/** What a decoder may take: some hundred megapixels; more is an attack or a mistake. */
const JPEG_LIMITS = { maxResolutionInMP: 200, maxMemoryUsageInMB: 4096 };

/** Decoded pixels, RGBA. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * The picture in `file`: one byte a pixel where it has no colour, else three.
 * @throws InputError where the file is missing, damaged, or neither PNG nor JPEG.
 */
export async function readPicture(file: string): Promise<SourcePicture> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: ${cause.code === "ENOENT" ? "there is no such file" : cause.message}`);
  });
  const pixels = decodePicture(file, bytes);
  return onWhite(pixels);
}

function decodePicture(file: string, bytes: Buffer): Pixels {
  const isPng = bytes.subarray(0, PNG_MAGIC.length).equals(PNG_MAGIC);
  const isJpeg = bytes.subarray(0, JPEG_MAGIC.length).equals(JPEG_MAGIC);
  if (!isPng && !isJpeg) {
    throw new InputError(
      `${file}: must be a PNG or a JPEG, begins with ${bytes.subarray(0, 4).toString("hex") || "nothing"}`,
    );
  }
  try {
    if (isPng) return PNG.sync.read(bytes);
    const pixels = decode(bytes, { useTArray: true, tolerantDecoding: false, ...JPEG_LIMITS });
    return turned(pixels, orientationOf(bytes));
  } catch (cause) {
    throw new InputError(`${file}: is a damaged ${isPng ? "PNG" : "JPEG"} (${(cause as Error).message})`);
  }
}

function onWhite({ width, height, data }: Pixels): SourcePicture {
  const colours = new Uint8Array(width * height * 3);
  let isGrey = true;
  for (let p = 0; p < width * height; p++) {
    const opacity = data[4 * p + 3]! / 255;
    for (let c = 0; c < 3; c++) colours[3 * p + c] = Math.round(data[4 * p + c]! * opacity + 255 * (1 - opacity));
    isGrey &&= colours[3 * p] === colours[3 * p + 1] && colours[3 * p] === colours[3 * p + 2];
  }
  return { width, height, data: isGrey ? colours.filter((_, i) => i % 3 === 0) : colours };
}

/** The picture with every `factor` x `factor` pixels averaged into one; what does not fill a square is cut off. */
export function shrink({ width, height, data }: SourcePicture, factor: number): SourcePicture {
  if (factor === 1) return { width, height, data };
  const channels = data.length / (width * height);
  const [W, H] = [Math.floor(width / factor), Math.floor(height / factor)];
  const small = new Uint8Array(W * H * channels);
  for (let i = 0; i < small.length; i++) {
    const [x, y, c] = [Math.floor(i / channels) % W, Math.floor(i / channels / W), i % channels];
    let sum = 0;
    for (let dy = 0; dy < factor; dy++) {
      for (let dx = 0; dx < factor; dx++) sum += data[((y * factor + dy) * width + x * factor + dx) * channels + c]!;
    }
    small[i] = Math.round(sum / factor ** 2);
  }
  return { width: W, height: H, data: small };
}
