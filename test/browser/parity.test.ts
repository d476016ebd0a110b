/** The same seed gives the same picture in Node and in Chromium, whatever adapter each has. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { load } from "../../src/index";
import { type BrowserSession, openBrowser } from "../support/browser";
import "../support/matchers";

const REQUEST = { prompt: "rabbit", steps: 6, seed: 7, guidance: 3 };

let session: BrowserSession;
beforeAll(async () => {
  session = await openBrowser();
});
afterAll(() => session?.close());

test("a guided rabbit of six steps", async () => {
  using model = await load("weights/doodle");
  const { images } = await model.generate(REQUEST);

  const page = await session.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const result = await page.evaluate(async (request) => {
    const { unstatic } = window as unknown as { unstatic: typeof import("../../src/index") };
    const model = await unstatic.load("/weights/doodle");
    const { images, report } = await model.generate(request);
    model.destroy();
    return { samples: Array.from(images[0]!.samples), adapter: report.adapter, readbacks: report.readbacks };
  }, REQUEST);

  expect(errors).toEqual([]);
  expect(result.adapter).toMatch(/swiftshader/i);
  expect(result.readbacks).toBe(1);
  // Adapters differ in the last bits of exp and of sums; six steps carry that to some 1e-5 of a range of 2.
  expect(result.samples).toBeAllClose(images[0]!.samples, { rtol: 0, atol: 1e-3 });
});
