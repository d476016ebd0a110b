/**
 * Pictures as PNG, and several as one animated PNG (APNG), which every browser plays.
 *
 * The format is chunks of length, type, data and checksum; a picture's data are its lines, each led by a filter byte,
 * compressed. The browser itself compresses. An animation says before each further picture how long the last one stays.
 */
import type { Pixels } from "./sheet";

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

/** One picture. */
export function encodePng(picture: Pixels): Promise<Blob> {
  return encode([picture], []);
}

/** Pictures of one size; `delays` in milliseconds says how long each one stays. Repeats for ever. */
export function encodeApng(frames: readonly Pixels[], delays: readonly number[]): Promise<Blob> {
  return encode(frames, delays);
}

async function encode(frames: readonly Pixels[], delays: readonly number[]): Promise<Blob> {
  const [{ width, height }] = frames as [Pixels];
  const parts: BlobPart[] = [SIGNATURE];
  const RGBA = 6;
  parts.push(chunk("IHDR", Uint8Array.of(...word(width), ...word(height), 8, RGBA, 0, 0, 0)));
  const isAnimated = delays.length > 0;
  if (isAnimated) parts.push(chunk("acTL", Uint8Array.of(...word(frames.length), ...word(0))));
  // Control and data chunks of an animation are numbered in one row.
  let sequence = 0;
  for (const [i, frame] of frames.entries()) {
    if (isAnimated) {
      const delay = [...half(delays[i]!), ...half(1000)];
      const place = [...word(width), ...word(height), ...word(0), ...word(0)];
      parts.push(chunk("fcTL", Uint8Array.of(...word(sequence++), ...place, ...delay, 0, 0)));
    }
    const data = await compress(linesOf(frame));
    if (i === 0) parts.push(chunk("IDAT", data));
    else parts.push(chunk("fdAT", joined(Uint8Array.from(word(sequence++)), data)));
  }
  parts.push(chunk("IEND", new Uint8Array()));
  return new Blob(parts, { type: isAnimated ? "image/apng" : "image/png" });
}

/** Every line led by its filter: 2, the difference to the line above, since enlarged pixels repeat. */
function linesOf({ width, height, data }: Pixels): Uint8Array<ArrayBuffer> {
  const stride = 4 * width;
  const lines = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    const at = y * (stride + 1);
    lines[at] = 2;
    for (let i = 0; i < stride; i++) {
      lines[at + 1 + i] = data[y * stride + i]! - (y === 0 ? 0 : data[(y - 1) * stride + i]!);
    }
  }
  return lines;
}

async function compress(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  // "deflate" is zlib's format, as PNG wants it.
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const named = joined(new TextEncoder().encode(type), data);
  return joined(Uint8Array.from(word(data.length)), named, Uint8Array.from(word(crc32(named))));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function word(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
}

function half(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
