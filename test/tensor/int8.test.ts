import { describe, expect, test } from "vitest";
import { decodeInt8, encodeInt8 } from "../../src/tensor/int8";
import { normal } from "../support/random";

describe("int8 matrices", () => {
  // 3 channels whose sizes differ a thousandfold: one scale for all would leave the small ones nothing.
  const sizes = [0.001, 1, 1000];
  const rows = normal(30, 1).map((value, i) => value * sizes[Math.floor(i / 10)]!);

  test("no value is further off than half its channel's step, and the largest is met", () => {
    const { q, scales } = encodeInt8(rows, 3, 10);
    const decoded = decodeInt8(q, scales, 10);
    rows.forEach((value, i) => {
      const scale = scales[Math.floor(i / 10)]!;
      expect(Math.abs(decoded[i]! - value), `value ${i}`).toBeLessThanOrEqual(scale * 0.5 * (1 + 1e-6));
    });
    for (let channel = 0; channel < 3; channel++) {
      const levels = [...q.subarray(channel * 10, channel * 10 + 10)].map(Math.abs);
      expect(Math.max(...levels)).toBe(127);
    }
  });

  test("channels that lie last are the same channels", () => {
    const columns = rows.map((_, i) => rows[(i % 3) * 10 + Math.floor(i / 3)]!);
    const a = encodeInt8(rows, 3, 10);
    const b = encodeInt8(columns, 3, 1);
    expect(b.scales).toEqual(a.scales);
    expect(b.q).toEqual(a.q.map((_, i) => a.q[(i % 3) * 10 + Math.floor(i / 3)]!));
    expect(decodeInt8(b.q, b.scales, 1)).toEqual(columns.map((_, i) => b.q[i]! * b.scales[i % 3]!));
  });

  test("what was rounded once is not rounded again", () => {
    const first = encodeInt8(rows, 3, 10);
    const second = encodeInt8(decodeInt8(first.q, first.scales, 10), 3, 10);
    expect(second.q).toEqual(first.q);
  });

  test("a channel of zeros, and one of the smallest f32, stay what they are", () => {
    const { q, scales } = encodeInt8(Float32Array.of(0, 0, 1e-45, 0), 2, 2);
    expect([...q]).toEqual([0, 0, 0, 0]);
    expect(scales.every(Number.isFinite)).toBe(true);
  });
});
