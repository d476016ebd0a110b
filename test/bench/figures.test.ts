/** The benchmark's arithmetic, on figures that can be worked out by hand. */
import { describe, expect, test } from "vitest";
import { timeDispatches } from "../../src/bench/dispatch_times";
import { achieved } from "../../src/bench/roofline";
import { quantile, spreadOf } from "../../src/bench/spread";
import { digits, textTable } from "../../src/bench/text_table";
import { trafficOf } from "../../src/bench/traffic";
import { activation } from "../../src/kernels/activation";
import { Recording } from "../../src/recording/recording";
import type { Program } from "../../src/runtime/program";
import { type Clock, smallestStep } from "../../src/runtime/timing";
import { add } from "../support/record";

describe("spreads", () => {
  test("a quantile lies between its neighbours, in whatever order they came", () => {
    expect(quantile([40, 10, 30, 20], 0.5)).toBe(25);
    expect(quantile([40, 10, 30, 20], 0)).toBe(10);
    expect(quantile([40, 10, 30, 20], 1)).toBe(40);
  });

  test("one hiccup in eleven moves none of the three", () => {
    const samples = [...Array<number>(10).fill(1), 1000];
    expect(spreadOf(samples)).toEqual({ median: 1, p10: 1, p90: 1, samples: 11 });
  });

  test("a single sample is all three", () => {
    expect(spreadOf([7])).toEqual({ median: 7, p10: 7, p90: 7, samples: 1 });
  });
});

describe("the smallest step of a clock", () => {
  test.each([
    { readings: [0, 65536, 65536, 196608, 131072], step: 65536, why: "a masked clock, out of order" },
    { readings: [5, 5, 5], step: 0, why: "a clock that stood still" },
    { readings: [], step: 0, why: "no readings" },
  ])("$why", ({ readings, step }) => {
    expect(smallestStep(readings)).toBe(step);
  });
});

describe("dispatches on a coarse clock", () => {
  const quantumMs = 0.1;
  /** Launch i takes 2^i microseconds; the clock rounds down to whole quanta. */
  const trueMs = (index: number) => 2 ** index / 1000;
  const clock: Clock = {
    name: "timestamp-query",
    quantumMs,
    minSampleMs: 100 * quantumMs,
    timeDispatches: async (all) =>
      all.map(({ index, repeats }) => Math.floor((repeats * trueMs(index)) / quantumMs) * quantumMs),
    timeSections: async () => ({ wall: 1, encode: 0, gpu: 1 }),
    destroy: () => {},
  };
  const program = { dispatchCount: () => 16 } as unknown as Program;

  test("each is repeated until the quantum is below 1 % of the sample, and no more than that by much", async () => {
    const times = await timeDispatches(clock, "step", 3, async () => program);
    times.forEach(({ ms, repeats }, index) => {
      if (repeats < 4096) expect(repeats * trueMs(index)).toBeGreaterThanOrEqual(clock.minSampleMs * 0.99);
      if (repeats > 1) expect(repeats * trueMs(index)).toBeLessThan(3 * clock.minSampleMs);
      expect(ms.samples).toBe(3);
      if (repeats < 4096) expect(Math.abs(ms.median / trueMs(index) - 1)).toBeLessThanOrEqual(0.01);
    });
    expect(times[0]!.repeats).toBe(4096); // a microsecond on such a clock: as many as there may be
    expect(times[15]!.repeats).toBe(1); // 33 ms need no help
  });
});

describe("bytes that a dispatch must move", () => {
  const recording = new Recording("traffic");
  const x = recording.state("x", [1, 4, 4, 5]); // 16 pixels of 8 padded channels
  const counter = recording.state("counter", [64], "u32");
  recording.section("prepare");
  const table = add(recording, "table", activation(x, "silu"));
  recording.section("step");
  const y = add(recording, "y", activation(x, "silu"));
  const dispatch = recording.dispatches.at(-1)!;
  const bytes = trafficOf(recording);

  test("padded tensors, read and written, once each", () => {
    expect(bytes(dispatch)).toBe(2 * 16 * 8 * 4);
    expect(bytes({ ...dispatch, reads: { x, again: x } })).toBe(bytes(dispatch));
  });

  test("neither counters nor tables of the whole schedule", () => {
    expect(bytes({ ...dispatch, reads: { x, counter, table } })).toBe(bytes(dispatch));
  });

  test("what its own section made", () => {
    expect(bytes({ ...dispatch, reads: { x: y, table } })).toBe(16 * 8 * 4);
  });
});

describe("the roofline", () => {
  const peaks = { gflops: 100, copies: [{ bytes: 1, gbPerSecond: 10 }] };

  test("work with many operations a byte is bound by arithmetic", () => {
    // 1 GFLOP at 100 GFLOP/s takes 10 ms at least; 20 were taken.
    const result = achieved({ flops: 1e9, bytes: 1e6, ms: 20 }, peaks);
    expect(result).toEqual({ gflops: 50, gbPerSecond: 0.05, bound: "compute", fmaShare: 0.5, peakShare: 0.5 });
  });

  test("work with few is bound by memory, at the fastest copy's rate", () => {
    const copies = [
      { bytes: 1, gbPerSecond: 40 },
      { bytes: 2, gbPerSecond: 10 },
    ];
    expect(achieved({ flops: 1e6, bytes: 1e8, ms: 10 }, { ...peaks, copies })).toMatchObject({
      bound: "memory",
      fmaShare: 0.001,
      peakShare: 0.25,
    });
  });
});

test("numbers are shown with three digits and no exponent", () => {
  expect([0, 0.00123456, 1.23456, 123.456, 12345.6].map(digits)).toEqual(["0", "0.00123", "1.23", "123", "12346"]);
});

test("tables align names left and numbers right", () => {
  expect(textTable(["name", "ms"], [["a", "1"], ["long name", "12345"]])).toBe("name          ms\na              1\nlong name  12345"); // biome-ignore format: the picture
});
