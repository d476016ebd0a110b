import { describe, expect, test } from "vitest";
import { fourierEmbedding } from "../../src/kernels/fourier_embedding";
import { type TimestepEmbeddingOptions, timestepEmbedding } from "../../src/kernels/timestep_embedding";
import { Recording } from "../../src/recording/recording";
import * as reference from "../reference/timestep_embedding";
import { runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

describe("timestep_embedding", () => {
  test.each<{ t: number[]; options: TimestepEmbeddingOptions; why: string }>([
    { t: [0, 1, 500, 999], options: { channels: 64, flipSinToCos: true, freqShift: 0 }, why: "most models" },
    { t: [0, 1, 500, 999], options: { channels: 128, flipSinToCos: false, freqShift: 1 }, why: "google/ddpm" },
    { t: [0.25, 9.7, 123.456], options: { channels: 10, flipSinToCos: true, freqShift: 0 }, why: "fractions, padding" },
    { t: [3, 700], options: { channels: 7, flipSinToCos: false, freqShift: 0 }, why: "an odd width ends with a zero" },
    {
      t: [-12.5, 0.999],
      options: { channels: 16, flipSinToCos: true, freqShift: 0, scale: 1000 },
      why: "angles of 1e4",
    },
    { t: [17], options: { channels: 2, flipSinToCos: false, freqShift: -1, maxPeriod: 100 }, why: "one frequency" },
  ])("$t, $options.channels channels: $why", async ({ t, options }) => {
    const data = new Float32Array(t);
    const y = await runOne({ t: { shape: [t.length] as const, data } }, (tensors) =>
      timestepEmbedding(tensors.t, options),
    );
    const expected = reference.timestepEmbedding(data, { scale: 1, maxPeriod: 10000, ...options });
    // An angle's last bits, worth |angle| * 2e-7, are all that a sine of it can know.
    const angle = Math.max(...data.map(Math.abs)) * (options.scale ?? 1);
    expect(y).toBeAllClose(expected, { rtol: 0, atol: 2e-7 + 2e-7 * angle });
  });

  test("noise levels as sines and cosines of learnt frequencies", async () => {
    const t = new Float32Array([0.01, 0.5, 1, 3.7, 1348]);
    const w = normal(13, 1, 0, 16);
    const inputs = { t: { shape: [5] as const, data: t }, w: { shape: [13] as const, data: w } };
    const y = await runOne(inputs, (tensors) => fourierEmbedding(tensors.t, tensors.w));
    // Angles up to 2 pi ln(1348) * 40 = 1800.
    expect(y).toBeAllClose(reference.fourierEmbedding(t, w), { rtol: 0, atol: 4e-4 });
  });

  test("refuses what has no frequencies", () => {
    const recording = new Recording("test");
    const t = recording.state("t", [3] as const);
    const words = recording.state("words", [3] as const, "u32");
    const options = { channels: 2, flipSinToCos: true, freqShift: 1 };
    expect(() => timestepEmbedding(t, options)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: timestepEmbedding: D / 2 - freqShift must be above 0, got D = 2, freqShift = 1]`,
    );
    expect(() => timestepEmbedding(words, { ...options, freqShift: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: timestepEmbedding: timesteps must be f32, got u32]`,
    );
  });
});
