/** The same benchmark in a page: a receipt from Chromium, with the clock that its visitors have. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Receipt } from "../../src/index";
import { type BrowserSession, openBrowser } from "../support/browser";

let session: BrowserSession;
beforeAll(async () => {
  session = await openBrowser();
});
afterAll(() => session?.close());

test("a page gets a receipt", async () => {
  const page = await session.newPage();
  const receipt = (await page.evaluate(async () => {
    const { unstatic } = window as unknown as { unstatic: typeof import("../../src/index") };
    return unstatic.benchmark("/test/fixtures/unets/doodle", { steps: 2, repeats: 1 });
  })) as Receipt;

  expect(receipt.software.runtime).toMatch(/Chrom/);
  expect(receipt.check.relativeError).toBeLessThanOrEqual(receipt.check.tolerance);
  expect(receipt.layers).toHaveLength(receipt.step.dispatches);
  expect(receipt.clock.quantumMs).toBeGreaterThan(0);
  console.log(
    `${receipt.clock.name}, quantum ${receipt.clock.quantumMs} ms, ${receipt.step.ms.wall.median} ms a step`,
    receipt.notes,
  );
});
