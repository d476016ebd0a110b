/** Pictures drawn out of GPU memory are the pictures that a readback gives, on canvases of both kinds and any size. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BrowserSession, openBrowser } from "../support/browser";

let session: BrowserSession;
beforeAll(async () => {
  session = await openBrowser();
});
afterAll(() => session?.close());

interface Case {
  readonly why: string;
  readonly shape: [number, number, number, number];
  readonly canvas: [number, number];
  readonly image?: number;
  /** For each canvas pixel (x, y) the picture pixel that shows there, or null where none does. */
  readonly at: (x: number, y: number) => readonly [b: number, y: number, x: number] | null;
}

const CASES: readonly Case[] = [
  { why: "one grey picture, pixel by pixel", shape: [1, 3, 5, 1], canvas: [5, 3], at: (x, y) => [0, y, x] },
  {
    why: "RGB, each pixel four times as large",
    shape: [1, 4, 3, 3],
    canvas: [12, 16],
    at: (x, y) => [0, Math.floor(y / 4), Math.floor(x / 4)],
  },
  {
    why: "a wide canvas has margins",
    shape: [1, 4, 4, 1],
    canvas: [14, 8],
    at: (x, y) => (x < 3 || x >= 11 ? null : [0, Math.floor(y / 2), Math.floor((x - 3) / 2)]),
  },
  {
    why: "three pictures as a sheet of two by two, channels beyond the first vec4",
    shape: [3, 2, 2, 5],
    canvas: [4, 4],
    at: (x, y) => {
      const image = 2 * Math.floor(y / 2) + Math.floor(x / 2);
      return image < 3 ? [image, y % 2, x % 2] : null;
    },
  },
  { why: "one picture of several", shape: [3, 2, 2, 3], canvas: [2, 2], image: 2, at: (x, y) => [2, y, x] },
];

/** Draws each case on an OffscreenCanvas and on a canvas in the page; returns both as RGBA bytes. */
async function drawAll(cases: (Pick<Case, "shape" | "canvas" | "image"> & { padded: number[] })[]) {
  const page = await session.newPage();
  const content = `import { openDevice } from "/src/runtime/device.ts";
    import { drawOn } from "/src/runtime/canvas.ts";
    window.drawing = { openDevice, drawOn };`;
  await page.addScriptTag({ type: "module", content });
  await page.waitForFunction("window.drawing");
  return page.evaluate(async (cases) => {
    type Drawing = typeof import("../../src/runtime/device") & typeof import("../../src/runtime/canvas");
    const { openDevice, drawOn } = (window as unknown as { drawing: Drawing }).drawing;
    const device = await openDevice();
    const results: number[][] = [];
    for (const { shape, canvas: size, image, padded } of cases) {
      const { STORAGE, COPY_DST } = GPUBufferUsage;
      const buffer = device.gpu.createBuffer({ size: padded.length * 4, usage: STORAGE | COPY_DST });
      device.gpu.queue.writeBuffer(buffer, 0, new Float32Array(padded));
      const inPage = document.body.appendChild(document.createElement("canvas"));
      [inPage.width, inPage.height] = size;
      for (const canvas of [new OffscreenCanvas(...size), inPage]) {
        drawOn(device, canvas, { buffer, shape }, image);
        const copy = new OffscreenCanvas(...size).getContext("2d")!;
        copy.drawImage(canvas, 0, 0);
        results.push(Array.from(copy.getImageData(0, 0, ...size).data));
      }
    }
    await device.idle();
    device.destroy();
    return results;
  }, cases);
}

test("a canvas shows the bytes of the picture, nearest neighbour", async () => {
  const given = CASES.map(({ shape, canvas, image }) => {
    const [B, H, W, C] = shape;
    const stride = 4 * Math.ceil(C / 4);
    const padded = Array.from({ length: B * H * W * stride }, (_, i) =>
      // Beyond -1 and 1 now and then, to see the clamping.
      i % stride < C ? Math.sin(i * 1.7) * 1.1 : 0,
    );
    return { shape, canvas, padded, ...(image !== undefined && { image }) };
  });
  const drawn = await drawAll(given);

  CASES.forEach(({ why, shape: [, H, W, C], canvas: [width, height], at }, i) => {
    const { padded } = given[i]!;
    const stride = 4 * Math.ceil(C / 4);
    const wanted = Array.from({ length: width * height }, (_, p) => {
      const source = at(p % width, Math.floor(p / width));
      if (!source) return [0, 0, 0, 0];
      const [b, y, x] = source;
      const first = ((b * H + y) * W + x) * stride;
      const [r, g, blue] = [0, 1, 2].map((c) => Math.fround(padded[first + (C < 3 ? 0 : c)]!));
      return [...[r!, g!, blue!].map((v) => Math.min(Math.max((v / 2 + 0.5) * 255, 0), 255)), 255];
    }).flat();
    for (const bytes of [drawn[2 * i]!, drawn[2 * i + 1]!]) {
      const worst = Math.max(...wanted.map((value, p) => Math.abs(value - bytes[p]!)));
      expect(worst, why).toBeLessThanOrEqual(0.51); // half a step of rounding
    }
  });
});
