import { describe, expect, test } from "vitest";
import { attention } from "../../src/kernels/attention";
import { Recording } from "../../src/recording/recording";
import { attention as reference } from "../reference/attention";
import { runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

/** The kernels that run everywhere, and what the adapter prefers: two matrix products on a CPU that shares loads. */
describe.each([
  { kernels: "everywhere", options: {} },
  { kernels: "by choice", options: { baseline: false } },
])("attention $kernels", ({ options }) => {
  test.each([
    { B: 1, L: 64, heads: 3, headDim: 32, std: 1, why: "the doodle model's" },
    { B: 1, L: 256, heads: 1, headDim: 256, std: 1, why: "one wide head, as in ddpm-cifar10-32" },
    { B: 2, L: 49, heads: 2, headDim: 8, std: 1, why: "a length that no tile divides, a batch" },
    { B: 1, L: 1, heads: 2, headDim: 4, std: 1, why: "a single token, the narrowest head" },
    { B: 1, L: 5, heads: 1, headDim: 12, std: 1, why: "a narrow head that fills three columns of four" },
    { B: 1, L: 3, heads: 2, headDim: 36, std: 1, why: "a wide head, fewer queries than a group" },
    { B: 3, L: 33, heads: 5, headDim: 40, std: 1, why: "Stable Diffusion's head of ten vec4s" },
    { B: 1, L: 17, heads: 1, headDim: 512, std: 1, why: "a head that two workgroups share" },
    { B: 1, L: 20, heads: 2, headDim: 260, std: 1, why: "two workgroups share 65 vec4s unevenly" },
    { B: 1, L: 300, heads: 1, headDim: 64, std: 1, why: "many tiles of keys" },
    { B: 1, L: 130, heads: 1, headDim: 64, std: 30, why: "scores of several thousand: one key takes all" },
    { B: 1, L: 4096, heads: 1, headDim: 4, std: 1, why: "the longest sequence, narrow" },
  ])("self, $B x $L tokens, $heads heads of $headDim: $why", async ({ B, L, heads, headDim, std }) => {
    const D = heads * headDim;
    const data = normal(B * L * 3 * D, 1, 0, std);
    const scale = 1 / Math.sqrt(headDim);
    const y = await runOne(
      { x: { shape: [B, L, 3 * D], data } },
      ({ x }) =>
        attention(
          { q: { tensor: x }, k: { tensor: x, column: D }, v: { tensor: x, column: 2 * D } },
          { heads, headDim, scale },
        ),
      options,
    );
    const at = (column: number) => ({ data, L, columns: 3 * D, column });
    const expected = reference(B, at(0), at(D), at(2 * D), { heads, headDim, scale });
    // A score's last bit, worth |score| * 2^-24 (|score| up to 5 std^2 sqrt(D) * scale), is the weight's relative error.
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 2e-6 * Math.max(1, std ** 3 / 100) });
  });

  test.each([
    { B: 2, H: 3, W: 7, Lk: 77, heads: 3, headDim: 20, why: "a caption of 77 tokens" },
    { B: 1, H: 1, W: 9, Lk: 1, heads: 1, headDim: 16, why: "a single key: the output is its value" },
    { B: 1, H: 3, W: 3, Lk: 4096, heads: 1, headDim: 64, why: "the longest sequence of keys, wide" },
    { B: 1, H: 64, W: 64, Lk: 2, heads: 1, headDim: 64, why: "the longest sequence of queries, wide" },
    { B: 1, H: 8, W: 8, Lk: 3, heads: 2, headDim: 64, why: "fewer keys than four by four scores" },
  ])("cross, $H x $W pixels on $Lk keys: $why", async ({ B, H, W, Lk, heads, headDim }) => {
    const D = heads * headDim;
    const q = normal(B * H * W * D, 1, 0, 2);
    const kv = normal(B * Lk * (2 * D + 7), 2);
    const inputs = { q: { shape: [B, H, W, D], data: q }, kv: { shape: [B, Lk, 2 * D + 7], data: kv } };
    const scale = 0.3;
    const y = await runOne(
      inputs,
      (t) =>
        attention(
          { q: { tensor: t.q }, k: { tensor: t.kv, column: D + 4 }, v: { tensor: t.kv } },
          { heads, headDim, scale },
        ),
      options,
    );
    const at = (column: number) => ({ data: kv, L: Lk, columns: 2 * D + 7, column });
    const expected = reference(B, { data: q, L: H * W, columns: D, column: 0 }, at(D + 4), at(0), {
      heads,
      headDim,
      scale,
    });
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 4e-6 });
  });
});

describe("attention", () => {
  test("refuses what does not fit", () => {
    const recording = new Recording("test");
    const x = { tensor: recording.state("x", [1, 16, 96]) };
    const short = { tensor: recording.state("short", [1, 8, 96]) };
    expect(() => attention({ q: x, k: x, v: x }, { heads: 16, headDim: 6 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: attention: the head dimension must be a multiple of 4 from 4 to 512, got 6]`,
    );
    expect(() => attention({ q: x, k: x, v: short }, { heads: 3, headDim: 32 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: attention: k and v must be (1, L, columns), got (1, 16, 96) and (1, 8, 96)]`,
    );
    const half = { ...x, column: 2 };
    expect(() => attention({ q: half, k: x, v: x }, { heads: 1, headDim: 32 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: attention: q must have columns 2 to 34, in fours, got (1, 16, 96)]`,
    );
    expect(() => attention({ q: x, k: x, v: x }, { heads: 4, headDim: 32 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: attention: q must have columns 0 to 128, in fours, got (1, 16, 96)]`,
    );
  });
});
