/** Inside and Benchmark in a browser without WebGPU: what can be shown is shown, and what cannot is said. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { button, type OpenedSite, openSite, screenshot, textOf } from "../support/site";

let site: OpenedSite;
beforeAll(async () => {
  site = await openSite({ webgpu: false });
});
afterAll(() => site?.close());

test("Inside computes every layer in TypeScript; the kernel is there to read", async () => {
  const { page } = await site.open("inside");
  await textOf(page, ".inside-status", /dispatches a step/, 110_000);
  await textOf(page, ".attention-reading", /looks most at/);
  await textOf(page, ".maps-caption", /maps/);
  await textOf(page, ".verdict", /Without WebGPU/);
  expect(await page.$eval(".code-text", (area) => (area as HTMLTextAreaElement).readOnly)).toBe(true);
  expect(await page.$$eval(".code-keyword", (all) => all.length)).toBeGreaterThan(20);
  await screenshot(page, "inside-without-webgpu");
  await page.close();
});

test("Benchmark says what is missing", async () => {
  const { page } = await site.open("benchmark");
  await (await button(page, "Run the benchmark")).click();
  await textOf(page, ".bench-status", /no WebGPU/);
  await (await button(page, "Tune for this device")).click();
  await textOf(page, ".tuning-status[data-failed]", /no WebGPU/);
  await page.close();
});
