import { describe, expect, test } from "vitest";
import type { Activation } from "../../src/kernels/activation";
import { channelStatistics, groupNormApply, groupNormFold, groupNormJoin } from "../../src/kernels/group_norm";
import { POSITION_WORDS } from "../../src/kernels/time_share";
import { Recording } from "../../src/recording/recording";
import { type BHWC, pad4, padRows } from "../../src/tensor/shape";
import { activations } from "../reference/activation";
import { groupNorm } from "../reference/group_norm";
import { run } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

interface Case {
  readonly shape: BHWC;
  readonly groups: number;
  readonly why: string;
  readonly second?: number;
  readonly f?: Activation;
  readonly mean?: number;
  readonly eps?: number;
}

/** Channels of two sources side by side, and the two halves of what comes back. */
function concatenate(a: ArrayLike<number>, C1: number, b: ArrayLike<number>, C2: number): Float64Array {
  const rows = a.length / C1;
  return Float64Array.from({ length: rows * (C1 + C2) }, (_, i) => {
    const row = Math.floor(i / (C1 + C2));
    const c = i % (C1 + C2);
    return c < C1 ? a[row * C1 + c]! : b[row * C2 + c - C1]!;
  });
}

/** Scales, then shifts, each source of them padded by itself. */
function vectorsOf(gamma: Float32Array, beta: Float32Array, sources: readonly number[]) {
  const data = [gamma, beta].flatMap((vector) => {
    let first = 0;
    return sources.flatMap((channels) => {
      const part = padRows(vector.subarray(first, first + channels), [channels]);
      first += channels;
      return [...part];
    });
  });
  return { shape: [data.length], data: Float32Array.from(data) };
}

describe("group_norm", () => {
  test.each<Case>([
    { shape: [1, 2, 3, 4], groups: 2, why: "smaller than a workgroup" },
    { shape: [2, 16, 16, 32], groups: 32, f: "silu", why: "one channel per group" },
    { shape: [2, 7, 5, 6], groups: 1, f: "gelu", why: "odd sizes, one group, padding lanes" },
    { shape: [3, 9, 1, 3], groups: 3, f: "mish", why: "instance norm of three channels" },
    { shape: [1, 5, 5, 1], groups: 1, f: "relu", why: "a single channel" },
    { shape: [1, 33, 31, 96], groups: 32, f: "silu", why: "groups of three channels lie across vec4s" },
    { shape: [1, 1, 1, 8], groups: 2, why: "a single pixel" },
    { shape: [1, 64, 64, 4], groups: 2, why: "a last tile as full as the others" },
    { shape: [2, 8, 8, 12], groups: 4, mean: 1000, why: "mean much larger than std" },
    { shape: [1, 4, 4, 8], groups: 2, eps: 10, why: "eps larger than the variance" },
    { shape: [2, 8, 8, 8], groups: 4, second: 4, f: "silu", why: "a skip concatenation, one group in both sources" },
    { shape: [2, 5, 3, 7], groups: 5, second: 3, why: "two sources, both padded, a group across the seam" },
    { shape: [1, 3, 3, 6], groups: 1, second: 30, mean: 50, why: "one group over both sources" },
  ])(
    "$shape and $second in $groups groups: $why",
    async ({ shape, groups, second, f = "identity", mean = 0, eps = 1e-5 }) => {
      const [B, H, W, C1] = shape;
      const C2 = second ?? 0;
      const C = C1 + C2;
      const x = normal(B * H * W * C1, 1, mean);
      const x2 = normal(Math.max(1, B * H * W * C2), 2, mean, 3);
      const gamma = normal(C, 3, 1);
      const beta = normal(C, 4);
      const inputs = {
        x: { shape, data: x },
        x2: { shape: C2 ? [B, H, W, C2] : [1], data: x2 },
        vectors: vectorsOf(gamma, beta, C2 ? [C1, C2] : [C1]),
      };
      const { y, y2, affine, joined } = await run(inputs, (t, recording) => {
        const { statistics } = recording.add("statistics", channelStatistics(t.x));
        const other = C2 ? recording.add("other", channelStatistics(t.x2)).statistics : undefined;
        const fold = { statistics, second: other, vectors: t.vectors, groups, eps, pixels: H * W };
        const { affine } = recording.add("fold", groupNormFold(fold));
        // A state keeps its memory, where an activation that nothing reads gives it to the next.
        const kept = { y: recording.state("y", shape) };
        const { y } = recording.add("apply", { ...groupNormApply(t.x, affine, f), writes: kept });
        const y2 = C2 ? recording.add("apply2", groupNormApply(t.x2, affine, f, pad4(C1))).y : y;
        const together = recording.state("joined", [B, H * W, pad4(C1) + pad4(C2)]);
        recording.add("join", groupNormJoin(t.x, affine, f, 0, together));
        if (C2) recording.add("join2", groupNormJoin(t.x2, affine, f, pad4(C1), together));
        return { y, y2, affine, joined: together };
      });
      const both = C2 ? concatenate(x, C1, x2, C2) : x;
      const expected = groupNorm(both, [B, H * W, C], gamma, beta, groups, eps).map(activations[f]);
      // The last bit of x itself is worth mean * 2^-24 / std after the normalisation.
      const tolerance = { rtol: 2e-5, atol: 5e-6 + Math.abs(mean) * 3e-7 };
      expect(C2 ? concatenate(y, C1, y2, C2) : y).toBeAllClose(expected, tolerance);
      const columns = pad4(C1) + pad4(C2);
      const isPadding = (column: number) => (column >= C1 && column < pad4(C1)) || column >= pad4(C1) + C2;
      expect([...joined].filter((_, i) => !isPadding(i % columns))).toEqual([...(C2 ? concatenate(y, C1, y2, C2) : y)]);
      const padding = [...affine].filter((_, i) => {
        return isPadding(i % columns);
      });
      expect(padding.every((value) => value === 0)).toBe(true);
    },
  );

  test("the time embedding's scale and shift, from the row of the step and of each image's condition", async () => {
    const [B, H, W, C] = [3, 4, 5, 6];
    const [steps, conditions, column, columns] = [4, 3, 8, 30];
    const x = normal(B * H * W * C, 1);
    const gamma = normal(C, 2, 1);
    const beta = normal(C, 3);
    const table = normal(steps * conditions * columns, 4);
    const position = new Uint32Array(POSITION_WORDS);
    position.set([2, 0, 0, 0, 1, 2, 0]);
    const inputs = {
      x: { shape: [B, H, W, C], data: x },
      vectors: vectorsOf(gamma, beta, [C]),
      table: { shape: [steps * conditions, columns] as const, data: table },
      position: { shape: [POSITION_WORDS], data: position },
    };
    const { y } = await run(inputs, (t, recording) => {
      const { statistics } = recording.add("statistics", channelStatistics(t.x));
      const time = { table: t.table, column, position: t.position, conditions, modulates: true };
      const norm = { vectors: t.vectors, groups: 2, eps: 1e-5, pixels: H * W };
      const { affine } = recording.add("fold", groupNormFold({ statistics, ...norm, time }));
      return recording.add("apply", groupNormApply(t.x, affine, "silu"));
    });
    const normalised = groupNorm(x, [B, H * W, C], gamma, beta, 2, 1e-5);
    const expected = normalised.map((value, i) => {
      const row = 2 * conditions + [1, 2, 0][Math.floor(i / (H * W * C))]!;
      const scale = table[row * columns + column + (i % C)]!;
      const shift = table[row * columns + column + C + (i % C)]!;
      return activations.silu(value * (1 + scale) + shift);
    });
    expect(y).toBeAllClose(expected, { rtol: 2e-5, atol: 1e-5 });
  });

  test("refuses what does not fit", () => {
    const recording = new Recording("test");
    const x = recording.state("x", [1, 4, 4, 6]);
    const { statistics } = recording.add("statistics", channelStatistics(x));
    const vectors = recording.state("vectors", [16]);
    const short = recording.state("short", [12]);
    const norm = { statistics, vectors, groups: 2, eps: 1e-5, pixels: 16 };
    expect(() => groupNormFold({ ...norm, groups: 4 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: groupNormFold: channels must divide into groups, got C = 6 and groups = 4]`,
    );
    expect(() => groupNormFold({ ...norm, vectors: short })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: groupNormFold: vectors must have 16 numbers or more, got (12)]`,
    );
    expect(() => groupNormFold({ ...norm, pixels: 64 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: groupNormFold: 64 pixels make 8 tiles, got 4]`,
    );
    const { affine } = recording.add("fold", groupNormFold(norm));
    expect(() => groupNormApply(x, affine, "silu", 4)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: groupNormApply: affine must hold 1 images of columns 4 to 12, got (1, 2, 8)]`,
    );
  });
});
