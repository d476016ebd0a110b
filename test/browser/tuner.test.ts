/** The tuner in a page: asked for, it remembers in the page's own storage, and only a model that is given it is changed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BrowserSession, openBrowser } from "../support/browser";

let session: BrowserSession;
beforeAll(async () => {
  session = await openBrowser();
});
afterAll(() => session?.close());

test("a page tunes, remembers and uses what it found", async () => {
  const page = await session.newPage();
  const seen = await page.evaluate(async () => {
    const { unstatic } = window as unknown as { unstatic: typeof import("../../src/index") };
    const { load, tune, rememberTuning, rememberedTuning } = unstatic;
    const folder = "/test/fixtures/unets/doodle";
    const before = rememberedTuning();
    const model = await load(folder);
    let left = 1;
    // The page's clock is left out: what wins is what the test says.
    const { tuning, place, shapes } = await tune(model, {
      guidance: 1,
      candidates: ({ kind }) => (kind === "conv2d" && left-- > 0 ? [{ algorithm: "direct", workgroup: 32 }] : []),
      stopwatch: {
        time: async ({ program, indices }) => {
          const step = program.recording.dispatches.filter(({ section }) => section === "step");
          return indices.some((i) => step[i]!.constants?.WORKGROUP_SIZE === 32) ? 0.5 : 1;
        },
        destroy: () => {},
      },
    });
    rememberTuning(tuning);
    const remembered = rememberedTuning()!;
    const tuned = await load(folder, { tuning: remembered });
    const { run } = await tuned.prepare({ classLabel: 0, guidance: 1, steps: 2 });
    const sizes = run.program.recording.dispatches
      .filter(({ shader }) => shader.name.startsWith("conv2d_"))
      .map(({ constants }) => constants?.WORKGROUP_SIZE);
    model.destroy();
    tuned.destroy();
    return {
      before,
      place,
      isSame: JSON.stringify(remembered) === JSON.stringify(tuning),
      winner: shapes[0]?.winner,
      sizes,
    };
  });

  expect(seen.before).toBeUndefined();
  expect(seen.place).toMatch(/; Chrome \d+; kernels [0-9a-f]{8}$/);
  expect(seen.winner).toEqual({ choice: { algorithm: "direct", workgroup: 32 }, gain: 2 });
  expect(seen.isSame).toBe(true);
  expect(seen.sizes).toContain(32);
});
