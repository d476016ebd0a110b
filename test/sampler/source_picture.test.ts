import { describe, expect, test } from "vitest";
import { InputError } from "../../src/index";
import { cropTo, originalOf, samplesOf, withChannels } from "../../src/sampler/source_picture";
import "../support/matchers";

/** 11 x 7, one channel; make it again with numpy: ((7 x + 13 y + 3 x y) % 17) / 8 - 1. */
const GREY = samplesOf("picture", {
  width: 11,
  height: 7,
  data: [],
  samples: Float32Array.from({ length: 77 }, (_, i) => {
    const [x, y] = [i % 11, Math.floor(i / 11)];
    return ((7 * x + 13 * y + 3 * x * y) % 17) / 8 - 1;
  }),
});

describe("cropTo", () => {
  // Image.fromarray(picture).resize((w, h), Image.BILINEAR, box=<the centred part>), Pillow, rounded to 5 digits.
  const half = [-0.10519, 0.15846, -0.22864, 0.22367];
  const tall = [
    0.00595, -0.20925, 0.34226, -0.0575, -0.27077, 0.44333, -0.28, -0.02269, 0.58333, -0.2996, 0.12408, 0.3869,
  ];
  const wide = [
    -0.01028, 0.11837, -0.13114, 0.26136, -0.20103, -0.42762, -0.33979, -0.1398, 0.49667, 0.03857, -0.26136, -0.23177,
    0.08227, 0.2429, -0.06385,
  ];
  test.each([
    { width: 2, height: 2, expected: half },
    { width: 3, height: 4, expected: tall },
    { width: 5, height: 3, expected: wide },
  ])("$width x $height is Pillow's bilinear resize of the centre", ({ width, height, expected }) => {
    expect(cropTo(GREY, width, height).samples).toBeAllClose(expected, { rtol: 0, atol: 2e-5 });
  });

  test("larger, too", () => {
    const { samples } = cropTo(GREY, 13, 8);
    const firstAndLast = [-0.9375, -0.3162, 0.41753, 0.11465, 0.47707, -0.33654];
    const ends = [...samples.slice(0, 3), ...samples.slice(-3)];
    expect(ends).toBeAllClose(firstAndLast, { rtol: 0, atol: 1e-5 });
  });

  test("channels stay apart, and the picture's own size changes nothing", () => {
    const colour = withChannels(GREY, 3);
    const red = cropTo(colour, 3, 4).samples.filter((_, i) => i % 3 === 0);
    expect(red).toEqual(cropTo(GREY, 3, 4).samples);
    expect(cropTo(colour, 11, 7)).toBe(colour);
  });
});

test("grey is Rec. 601's, and grey in colour stays grey", () => {
  const colours = samplesOf("picture", { width: 3, height: 1, data: [255, 0, 0, 0, 255, 0, 90, 90, 90] });
  const grey = withChannels(colours, 1).samples;
  expect(grey).toBeAllClose([2 * 0.299 - 1, 2 * 0.587 - 1, 90 / 127.5 - 1], { rtol: 0, atol: 1e-6 });
});

describe("originalOf", () => {
  const init = { width: 4, height: 2, data: [0, 50, 100, 150, 200, 250, 30, 60] };

  test("a mask is one or the other, at the model's size", () => {
    const mask = { width: 4, height: 2, data: [0, 0, 255, 255, 0, 127, 128, 255] };
    expect([...originalOf(init, mask, [2, 4, 1]).mask!]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...originalOf(init, mask, [1, 2, 1]).mask!]).toEqual([0, 1]);
  });

  test.each([
    [{ width: 3, height: 2, data: new Uint8Array(6) }, 1, "mask: must be of init's size, 4 x 2, got 3 x 2"],
    [undefined, 4, "init: needs a model of grey or RGB pictures, this one has 4 channels"],
  ])("what cannot be meant is refused", (mask, channels, message) => {
    expect(() => originalOf(init, mask, [2, 4, channels])).toThrow(InputError);
    expect(() => originalOf(init, mask, [2, 4, channels])).toThrow(message);
  });
});
