/** PNG and APNG, read back by a decoder that checks every checksum, and by hand where it knows no animation. */
import { inflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { encodeApng, encodePng } from "../../src/site/png";
import { sheet } from "../../src/site/sheet";

/** Pixels that differ from line to line and from frame to frame. */
function picture(width: number, height: number, seed: number) {
  const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i * i * 7 + seed * 31 + 3) % 256);
  return { width, height, data };
}

function chunksOf(bytes: Buffer): { type: string; data: Buffer }[] {
  const chunks = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    chunks.push({
      type: bytes.toString("latin1", at + 4, at + 8),
      data: bytes.subarray(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  return chunks;
}

/** Lines with filter 2: each byte is the difference to the one above. */
function unfiltered(data: Buffer, width: number, height: number): number[] {
  const lines = inflateSync(data);
  const stride = 4 * width;
  const pixels: number[] = [];
  for (let y = 0; y < height; y++) {
    expect(lines[y * (stride + 1)]).toBe(2);
    for (let i = 0; i < stride; i++) {
      const above = y === 0 ? 0 : pixels[(y - 1) * stride + i]!;
      pixels.push((lines[y * (stride + 1) + 1 + i]! + above) & 255);
    }
  }
  return pixels;
}

test("a PNG has the pixels that it was made of", async () => {
  const original = picture(7, 5, 1);
  const blob = await encodePng(original);
  const read = PNG.sync.read(Buffer.from(await blob.arrayBuffer()));
  expect([read.width, read.height, blob.type]).toEqual([7, 5, "image/png"]);
  expect([...read.data]).toEqual([...original.data]);
});

test("an APNG has every frame, numbered and timed; the first one is what plain decoders show", async () => {
  const frames = [1, 2, 3].map((seed) => picture(6, 4, seed));
  const bytes = Buffer.from(await (await encodeApng(frames, [90, 80, 2500])).arrayBuffer());
  expect([...PNG.sync.read(bytes).data]).toEqual([...frames[0]!.data]);
  const chunks = chunksOf(bytes);
  expect(chunks.map(({ type }) => type)).toEqual("IHDR acTL fcTL IDAT fcTL fdAT fcTL fdAT IEND".split(" "));
  expect(chunks[1]!.data.readUInt32BE(0)).toBe(3);
  const controls = chunks.filter(({ type }) => type === "fcTL").map(({ data }) => data);
  expect(controls.map((data) => data.readUInt16BE(20))).toEqual([90, 80, 2500]);
  expect(controls.every((data) => data.readUInt16BE(22) === 1000)).toBe(true);
  const numbered = chunks.filter(({ type }) => type === "fcTL" || type === "fdAT");
  expect(numbered.map(({ data }) => data.readUInt32BE(0))).toEqual([0, 1, 2, 3, 4]);
  const later = chunks.filter(({ type }) => type === "fdAT").map(({ data }) => unfiltered(data.subarray(4), 6, 4));
  expect(later).toEqual([[...frames[1]!.data], [...frames[2]!.data]]);
});

test("a sheet puts each enlarged pixel in its place", () => {
  const [a, b, c] = [1, 2, 3].map((seed) => picture(2, 2, seed)) as [
    ReturnType<typeof picture>,
    ReturnType<typeof picture>,
    ReturnType<typeof picture>,
  ];
  const { width, height, data } = sheet([a, b, c], 2, 3, 1);
  expect([width, height]).toEqual([13, 13]);
  const at = (x: number, y: number) => [...data.slice(4 * (y * width + x), 4 * (y * width + x) + 4)];
  const of = ({ data }: typeof a, x: number, y: number) => [...data.slice(4 * (2 * y + x), 4 * (2 * y + x) + 4)];
  expect(at(0, 0)).toEqual(of(a, 0, 0));
  expect(at(5, 2)).toEqual(of(a, 1, 0));
  expect(at(6, 0)).toEqual([0, 0, 0, 0]);
  expect(at(7, 5)).toEqual(of(b, 0, 1));
  expect(at(5, 12)).toEqual(of(c, 1, 1));
  expect(at(12, 12)).toEqual([0, 0, 0, 0]);
});
