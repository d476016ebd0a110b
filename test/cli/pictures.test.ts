/** Commands that read a picture: noise, and generate from one; files of every kind, whole and spoilt. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "jpeg-js";
import { type ColorType, PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPicture } from "../../src/cli/picture_file";
import { buildCommand, unstatic } from "../support/command";

/** 12 x 12 x 1, no prompt needed. */
const MODEL = ["--model", "test/fixtures/unets/odd_heads"];
const SIZE = 12;

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unstatic-"));
  await buildCommand();
  await writeFile(
    at("grey.png"),
    png(SIZE, SIZE, (x, y) => [10 * x + 9 * y, 10 * x + 9 * y, 10 * x + 9 * y, 255]),
  );
  await writeFile(
    at("half.png"),
    png(SIZE, SIZE, (x) => (x < SIZE / 2 ? [0, 0, 0, 255] : [255, 255, 255, 255])),
  );
  await writeFile(
    at("small.png"),
    png(3, 2, () => [255, 255, 255, 255]),
  );
  await writeFile(at("photo.jpg"), jpeg(40, 24));
  await spoil();
});
afterAll(() => rm(folder, { recursive: true }));

/** Files cut short, and one with a flipped bit. */
async function spoil(): Promise<void> {
  const whole = await readFile(at("grey.png"));
  await writeFile(at("cut.png"), whole.subarray(0, whole.length - 30));
  const flipped = Buffer.from(whole);
  flipped[whole.length - 30]! ^= 4;
  await writeFile(at("bit.png"), flipped);
  const photo = await readFile(at("photo.jpg"));
  await writeFile(at("cut.jpg"), photo.subarray(0, photo.length / 2));
  await writeFile(at("empty.png"), "");
}

type Paint = (x: number, y: number) => readonly [number, number, number, number];

function png(width: number, height: number, paint: Paint, options: object = {}): Buffer {
  const picture = new PNG({ width, height });
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) picture.data.set(paint(x, y), 4 * (y * width + x));
  return PNG.sync.write(picture, options);
}

function jpeg(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 4, 255);
  for (let i = 0; i < width * height; i++) data.set([6 * (i % width), 100, 10 * Math.floor(i / width)], 4 * i);
  return encode({ width, height, data }, 95).data;
}

/** The JPEG with an EXIF segment whose only entry is the orientation. */
function held(bytes: Buffer, orientation: number): Buffer {
  const tiff = Buffer.from("4d4d002a0000000800010112000300000001000000000000", "hex");
  tiff.writeUInt16BE(orientation, 18);
  const body = Buffer.concat([Buffer.from("Exif\0\0"), tiff, Buffer.alloc(4)]);
  const head = Buffer.from([0xff, 0xe1, 0, body.length + 2]);
  return Buffer.concat([bytes.subarray(0, 2), head, body, bytes.subarray(2)]);
}

/** What a picture of `size` pixels a side that the commands wrote shows, one number a pixel. */
async function greyOf(file: string): Promise<number[]> {
  const { width, data } = PNG.sync.read(await readFile(file));
  const factor = width / SIZE;
  return Array.from({ length: SIZE ** 2 }, (_, i) => {
    return data[4 * (Math.floor(i / SIZE) * factor * width + (i % SIZE) * factor)]!;
  });
}

describe("readPicture", () => {
  test.each<{ kind: string; colorType: ColorType }>([
    { kind: "RGBA", colorType: 6 },
    { kind: "RGB", colorType: 2 },
    { kind: "grey", colorType: 0 },
  ])("PNG, $kind", async ({ kind, colorType }) => {
    const isGrey = kind === "grey";
    const paint: Paint = (x, y) => (isGrey ? [40 * x, 40 * x, 40 * x, 255] : [40 * x, 50 * y, 200, 255]);
    await writeFile(at("kind.png"), png(5, 4, paint, { colorType }));
    const { width, height, data } = await readPicture(at("kind.png"));
    expect([width, height, data.length]).toEqual([5, 4, isGrey ? 20 : 60]);
    const pixel = 7; // x = 2, y = 1
    const colours = isGrey ? [data[pixel]] : [data[3 * pixel], data[3 * pixel + 1], data[3 * pixel + 2]];
    expect(colours).toEqual(paint(2, 1).slice(0, colours.length));
  });

  test("sixteen bits a channel", async () => {
    // Made with Pillow: 3 x 1, grey, 258, 32768 and 65534 of 65535.
    const bytes =
      "89504e470d0a1a0a0000000d49484452000000030000000110000000006e1b972b0000000f49444154789c63" +
      "60646a60f8ff0f00051302811716802a0000000049454e44ae426082";
    await writeFile(at("deep.png"), Buffer.from(bytes, "hex"));
    expect(Array.from((await readPicture(at("deep.png"))).data)).toEqual([1, 128, 255]);
  });

  test("a palette", async () => {
    // Made with Pillow: 2 x 1, red and green, of a palette of two colours.
    const bytes =
      "89504e470d0a1a0a0000000d4948445200000002000000010103000000ceecedc900000006504c5445ff000000ff00" +
      "d287ef710000000a49444154789c63700000004200412937f4ef0000000049454e44ae426082";
    await writeFile(at("palette.png"), Buffer.from(bytes, "hex"));
    expect(Array.from((await readPicture(at("palette.png"))).data)).toEqual([255, 0, 0, 0, 255, 0]);
  });

  test("transparency lies on white", async () => {
    await writeFile(
      at("clear.png"),
      png(2, 1, (x) => [200, 0, 0, x * 51]),
    );
    expect(Array.from((await readPicture(at("clear.png"))).data)).toEqual([255, 255, 255, 244, 204, 204]);
  });

  test("a JPEG, upright however the camera was held", async () => {
    const upright = await readPicture(at("photo.jpg"));
    expect([upright.width, upright.height, upright.data.length]).toEqual([40, 24, 40 * 24 * 3]);
    const pixel = (picture: typeof upright, x: number, y: number) =>
      [0, 1, 2].map((c) => picture.data[3 * (y * picture.width + x) + c]);
    // EXIF 2.3, table 6: where the picture's first pixel belongs, as a share of width and height.
    const corners = { 2: [1, 0], 3: [1, 1], 4: [0, 1], 5: [0, 0], 6: [1, 0], 7: [1, 1], 8: [0, 1] };
    for (const [orientation, [right, down]] of Object.entries(corners)) {
      await writeFile(at("held.jpg"), held(jpeg(40, 24), Number(orientation)));
      const turned = await readPicture(at("held.jpg"));
      expect([turned.width, turned.height]).toEqual(Number(orientation) < 5 ? [40, 24] : [24, 40]);
      const corner = pixel(turned, right! * (turned.width - 1), down! * (turned.height - 1));
      expect(corner, `orientation ${orientation}`).toEqual(pixel(upright, 0, 0));
    }
  });
});

describe("readPicture refuses", () => {
  test.each([
    ["none.png", "none.png: there is no such file"],
    ["empty.png", "empty.png: must be a PNG or a JPEG, begins with nothing"],
    ["package.json", "must be a PNG or a JPEG, begins with 7b"],
    ["cut.png", "cut.png: is a damaged PNG ("],
    ["bit.png", "bit.png: is a damaged PNG ("],
    ["cut.jpg", "cut.jpg: is a damaged JPEG ("],
  ])("%s", async (name, message) => {
    await expect(readPicture(name === "package.json" ? name : at(name))).rejects.toThrow(message);
  });
});

describe("noise", () => {
  test("writes the picture and prints the step, and that alone, on standard output", async () => {
    const out = at("noised.png");
    const result = await unstatic("noise", at("photo.jpg"), "--schedule", "linear", "--steps", "10", "--out", out);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout.trim().split("\n")).toHaveLength(2);
    expect(result.stdout).toMatch(/^step +timestep +alpha +sigma +SNR +SNR dB +noise % +added %\n +5 +444 /);
    expect(result.stderr).toMatch(/static [0-9a-f]{8}/);
    expect(PNG.sync.read(await readFile(out))).toMatchObject({ width: 40, height: 24 });
  });

  test("--sheet shows every step; --json prints them", async () => {
    const out = at("sheet.png");
    const result = await unstatic("noise", at("grey.png"), "--steps", "7", "--sheet", "--out", out, "--json");
    const { levels, staticHash } = JSON.parse(result.stdout);
    expect(staticHash).toMatch(/^[0-9a-f]{8}$/);
    expect(levels).toHaveLength(8);
    expect(levels[0]).toMatchObject({ step: 0, timestep: null, alpha: 1, sigma: 0, percent: 0 });
    expect(levels[7].percent).toBeGreaterThan(99.9);
    expect(PNG.sync.read(await readFile(out)).width).toBeGreaterThan(3 * 100);
  });
});

describe("generate", () => {
  test("from a photo: --strength says how many steps are left", async () => {
    const out = at("from.png");
    const given = ["--init", at("photo.jpg"), "--strength", "0.5", "--steps", "4", "--out", out, "--json"];
    const result = await unstatic("generate", ...MODEL, ...given);
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ steps: 4, evaluations: 2, readbacks: 1 });
  });

  test("--mask keeps the picture where it is black, to the last bit", async () => {
    const out = at("painted.png");
    const given = ["--init", at("grey.png"), "--mask", at("half.png"), "--steps", "3", "--out", out];
    const result = await unstatic("generate", ...MODEL, ...given);
    expect(result.code, result.stderr).toBe(0);
    const [before, after] = [await greyOf(at("grey.png")), await greyOf(out)];
    expect(after.filter((_, i) => i % SIZE < SIZE / 2)).toEqual(before.filter((_, i) => i % SIZE < SIZE / 2));
    expect(after).not.toEqual(before);
  });

  test("--to-seed: a grid of frames, and numbered files", async () => {
    const out = at("way.png");
    const given = ["--seed", "1", "--to-seed", "2", "--frames", "3", "--steps", "2", "--scale", "1", "--numbered"];
    const result = await unstatic("generate", ...MODEL, ...given, "--out", out);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/seed 1 \(static [0-9a-f]{8} to [0-9a-f]{8}\)/);
    expect(PNG.sync.read(await readFile(out))).toMatchObject({ width: 3 * SIZE + 2 * 2, height: SIZE });
    for (const i of [0, 1, 2]) expect(existsSync(at(`way-00${i}.png`))).toBe(true);
  });
});

describe("schedule", () => {
  test("prints a schedule", async () => {
    const { stdout } = await unstatic("schedule", "--schedule", "sigmoid", "--steps", "3");
    expect(stdout.trim().split("\n")).toHaveLength(5);
  });

  test("--compare draws curves, and samplers' pictures below them", async () => {
    const curves = at("curves.png");
    const both = at("both.png");
    await unstatic("schedule", "--compare", "--no-samples", "--out", curves);
    const given = ["--samplers", "ddim,euler", "--steps", "1,2", "--out", both];
    const result = await unstatic("schedule", "--compare", ...MODEL, ...given);
    expect(result.code, result.stderr).toBe(0);
    const [small, large] = [PNG.sync.read(await readFile(curves)), PNG.sync.read(await readFile(both))];
    expect(large.height).toBeGreaterThan(small.height + 2 * 192);
    // The curves are coloured, and paper is white.
    const colours = new Set(Array.from({ length: small.data.length / 4 }, (_, i) => small.data.readUInt32BE(4 * i)));
    for (const colour of [0xffffffff, 0x0072b2ff, 0xd55e00ff, 0x009e73ff, 0xcc79a7ff])
      expect(colours).toContain(colour);
  });
});

describe("bad input: one clear line, a non-zero exit code, no picture", () => {
  test.each<{ why: string; args: () => readonly string[]; message: string; code: number }>([
    { why: "no file", args: () => ["noise"], message: "noise needs a picture", code: 2 },
    { why: "a damaged file", args: () => ["noise", at("cut.png")], message: "cut.png: is a damaged PNG (", code: 1 },
    {
      why: "an unknown schedule",
      args: () => ["noise", at("grey.png"), "--schedule", "cosinus"],
      message: "a schedule must be one of cosine, linear",
      code: 1,
    },
    {
      why: "a step beyond the end",
      args: () => ["noise", at("grey.png"), "--steps", "4", "--step", "5"],
      message: "--step must be an integer from 0 to 4, got '5'",
      code: 2,
    },
    {
      why: "a seed that is no integer",
      args: () => ["noise", at("grey.png"), "--seed", "1.5"],
      message: "--seed must be an integer, got '1.5'",
      code: 2,
    },
    {
      why: "a strength out of range",
      args: () => ["generate", ...MODEL, "--init", at("grey.png"), "--strength", "1.5"],
      message: "strength: must be above 0 and at most 1, got 1.5",
      code: 1,
    },
    {
      why: "a mask of another size",
      args: () => ["generate", ...MODEL, "--init", at("grey.png"), "--mask", at("small.png")],
      message: "mask: must be of init's size, 12 x 12, got 3 x 2",
      code: 1,
    },
    {
      why: "frames without an end",
      args: () => ["generate", ...MODEL, "--frames", "4"],
      message: "--frames needs --to-seed",
      code: 2,
    },
    {
      why: "a sampler that is none",
      args: () => ["schedule", "--compare", ...MODEL, "--samplers", "ddim,eulr", "--steps", "1"],
      message: "--samplers eulr: schedulerNamed: a sampler must be one of",
      code: 1,
    },
  ])("$why", async ({ args, message, code }) => {
    const out = at("never.png");
    const result = await unstatic(...args(), ...(args().length > 1 ? ["--out", out] : []));
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
    expect(existsSync(out)).toBe(false);
  });
});
