/** How long submits are, on adapters of any speed: a clock that advances with the work, and no GPU. */
import { afterEach, expect, test, vi } from "vitest";
import type { Program } from "../../src/runtime/program";
import { type ReplayOptions, replay } from "../../src/runtime/replay";

/** FLOPs of a step's dispatches, uneven as those of a network are: 120 MFLOP in 60. */
const STEP = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 5e6 : 0.5e6));
const SECTIONS: Readonly<Record<string, readonly number[]>> = { prepare: [1e6, 2e6], start: [1e4], step: STEP };

afterEach(() => vi.restoreAllMocks());

/** What a submit took, and which dispatches it held. */
interface Submit {
  readonly ms: number;
  readonly dispatches: string[];
}

/** A program on an adapter that does `flopsPerMs`, and the submits that it saw. */
function program(flopsPerMs: number, kind: "cpu" | "gpu") {
  const submits: Submit[] = [];
  let now = 0;
  let encoded: { name: string; flops: number }[] = [];
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const flops = (section: string, index: number) => SECTIONS[section]![index]!;
  const gpu = {
    createCommandEncoder: () => ({ beginComputePass: () => ({ end: () => {} }), finish: () => {} }),
    queue: {
      submit: () => {
        const ms = encoded.reduce((sum, dispatch) => sum + dispatch.flops, 0) / flopsPerMs;
        submits.push({ ms, dispatches: encoded.map(({ name }) => name) });
        encoded = [];
        now += ms;
      },
    },
  };
  const fake = {
    recording: { name: "fake" },
    device: { gpu, adapter: { kind }, idle: async () => {} },
    dispatchCount: (section: string) => SECTIONS[section]!.length,
    flops,
    encodeOne: (_pass: unknown, section: string, index: number) =>
      encoded.push({ name: `${section} ${index}`, flops: flops(section, index) }),
  };
  return { program: fake as unknown as Program, submits };
}

async function run(of: Program, options: Partial<ReplayOptions> = {}): Promise<number[]> {
  const done: number[] = [];
  const all = { opening: ["prepare", "start"], section: "step", count: 10, sliceMs: 100, ...options };
  for await (const progress of replay(of, all)) done.push(progress.done);
  return done;
}

const WHOLE = [
  "prepare 0",
  "prepare 1",
  "start 0",
  ...Array.from({ length: 10 }, () => STEP.map((_, index) => `step ${index}`)).flat(),
];

test.each([
  { what: "SwiftShader on a busy machine: 1.2 s a step", rate: 1e5, kind: "cpu" as const, fewest: 120 },
  { what: "lavapipe: 60 ms a step", rate: 2e6, kind: "cpu" as const, fewest: 6 },
  { what: "an old laptop's GPU: 12 ms a step", rate: 1e7, kind: "gpu" as const, fewest: 2 },
  { what: "an H200: 12 us a step", rate: 1e10, kind: "gpu" as const, fewest: 2 },
])("$what: no submit takes longer than the slice, and all dispatches run in order", async ({ rate, kind, fewest }) => {
  const { program: of, submits } = program(rate, kind);
  const done = await run(of);
  expect(submits.flatMap(({ dispatches }) => dispatches)).toEqual(WHOLE);
  // A single dispatch cannot be cut.
  for (const { ms, dispatches } of submits) expect(dispatches.length === 1 ? 0 : ms).toBeLessThanOrEqual(100);
  expect(submits.length).toBeGreaterThanOrEqual(fewest);
  expect(submits.length).toBeLessThan(8 + 4 * fewest);
  expect(done.at(-1)).toBe(10);
});

test("the first submit holds next to nothing, each later one a few times as much, a second run all that fits", async () => {
  const { program: of, submits } = program(1e10, "gpu");
  await run(of, { opening: [] });
  expect(submits.map(({ dispatches }) => dispatches.length)).toEqual([1, 10, 37, 12, 144, 396]);
  submits.length = 0;
  await run(of, { opening: [] });
  expect(submits.map(({ dispatches }) => dispatches.length)).toEqual([60, 540]);
});

test("steps looked at one by one end with a submit each; copies follow every step", async () => {
  const { program: of, submits } = program(1e10, "gpu");
  const copied: number[] = [];
  await run(of);
  submits.length = 0;
  const done = await run(of, { isStepwise: true, afterStep: (_encoder, index) => copied.push(index) });
  expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(submits).toHaveLength(10);
  expect(copied).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a signal is heard before the next slice, in the middle of a step", async () => {
  const { program: of, submits } = program(1e5, "cpu");
  const leaving = new AbortController();
  const steps = replay(of, { opening: [], section: "step", count: 10, sliceMs: 100, signal: leaving.signal });
  await steps.next();
  await steps.next();
  const before = submits.length;
  leaving.abort(new Error("enough"));
  await expect(steps.next()).rejects.toThrow("enough");
  expect(submits).toHaveLength(before);
  expect(submits.flatMap(({ dispatches }) => dispatches).length).toBeLessThan(STEP.length);
});
