/** The tuner in the view Benchmark: asked for, stopped, remembered, used when one says so, forgotten. */
import type { ElementHandle, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  button,
  type OpenedSite,
  type OpenedView,
  openSite,
  overflows,
  screenshot,
  seriousProblems,
  textOf,
} from "../support/site";

const KEY = "unstatic-tuning";

let site: OpenedSite;
let view: OpenedView;
let page: Page;
beforeAll(async () => {
  site = await openSite();
  view = await site.open("benchmark");
  page = view.page;
  await settle();
});
afterAll(() => site?.close());

/** One picture without guidance, in one step: what is tuned and measured is as small as it gets. */
async function settle(): Promise<void> {
  await button(page, "Tune for this device");
  await page.select(".bench-controls select", "1");
  for (const label of ["Steps", "Repeats"]) {
    const input = (await page.$(`::-p-aria([name="${label}"])`)) as ElementHandle<HTMLInputElement>;
    await input.click({ count: 3 });
    await input.type("1");
  }
}

const stored = () => page.evaluate((key) => localStorage.getItem(key), KEY);
const switched = () =>
  page.$eval(".tuning [type=checkbox]", (each) => {
    const { checked, disabled } = each as HTMLInputElement;
    return { checked, disabled };
  });
const cellsOf = (table: string) =>
  page.$$eval(`[aria-label="${table}"] tbody tr`, (rows) =>
    rows.map((row) => [...row.children].map((cell) => cell.textContent!)),
  );

async function runBenchmark(): Promise<string> {
  await (await button(page, "Run the benchmark")).click();
  await textOf(page, ".bench-status", /Loading|Compiling|Timing/);
  return textOf(page, ".bench-status", /^Done/, 110_000);
}

test("nothing is tuned, remembered or used unasked", async () => {
  expect(await stored()).toBe(null);
  expect(await switched()).toEqual({ checked: false, disabled: true });
  expect(await page.$$eval(".tuning-places li", (all) => all.length)).toBe(0);
});

test("says which layer it is at, leaves other measurements waiting, and stops when told to", async () => {
  await (await button(page, "Tune for this device")).click();
  await textOf(page, ".tuning-status", /^Shape 1 of 3: [a-z_.0-9]+ …/);
  expect(await page.$eval(".bench-controls button", (each) => (each as HTMLButtonElement).disabled)).toBe(true);
  await (await button(page, "Stop")).click();
  await textOf(page, ".tuning-status", /^Stopped; nothing was remembered/);
  await page.waitForSelector(".bench-controls button:not(:disabled)");
  expect(await stored()).toBe(null);
});

test("the slowest shapes are tuned, shown and remembered", async () => {
  await (await button(page, "Tune again")).click();
  const place = await textOf(page, ".tuning-status", /; Chrome \d+; kernels [0-9a-f]{8}/, 110_000);
  const rows = await cellsOf("Tuned shapes");
  expect(rows).toHaveLength(3);
  const shares = rows.map(([, , , , share]) => Number.parseFloat(share!));
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  for (const [, winner, gain, difference, , , kernels] of rows) {
    expect(kernels).toMatch(/conv2d|winograd|attention/);
    if (winner === "the default") expect([gain, difference]).toEqual(["–", "–"]);
    else expect([Number.parseFloat(gain!) >= 1.05, Number(difference) <= 1e-3]).toEqual([true, true]);
  }
  const { places } = JSON.parse((await stored())!);
  const [[name, choices]] = Object.entries(places) as [[string, object]];
  expect(name).toContain(place.match(/subgroups .*kernels [0-9a-f]{8}/)![0]);
  expect(Object.keys(choices)).toHaveLength(3);
  await textOf(page, ".tuning-places", /\d of 3 shapes$/);
  expect(await switched()).toEqual({ checked: false, disabled: false });
});

test.each(["light", "dark"] as const)("nothing serious for axe, nothing sticks out, in %s", async (theme) => {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  for (const width of [1280, 360]) {
    await page.setViewport({ width, height: 800 });
    expect(await overflows(page)).toBe(false);
    expect(await seriousProblems(page)).toEqual([]);
    await screenshot(page, `tuning-${theme}-${width}`);
  }
  await page.setViewport({ width: 1280, height: 800 });
});

test("what was tuned is used only once one says so; both receipts stand side by side", async () => {
  // What wins here is chance: the test decides it, so that there is a difference to see.
  await page.evaluate((key) => {
    const tuning = JSON.parse(localStorage.getItem(key)!);
    for (const choices of Object.values<Record<string, unknown>>(tuning.places)) {
      for (const shape in choices) if (shape.startsWith("conv2d")) choices[shape] = { algorithm: "direct" };
    }
    localStorage.setItem(key, JSON.stringify(tuning));
  }, KEY);
  await page.reload();
  await settle();
  expect(await runBenchmark()).not.toContain("tuning");
  await (await page.$(".tuning [type=checkbox]"))!.click();
  expect(await runBenchmark()).toContain("Note: algorithms as a tuning says");
  await textOf(page, ".facts", /algorithms as a tuning says/);
  const who = await cellsOf("Who ran");
  expect(who.map(([name]) => name)).toEqual(["this browser", "this browser, tuned"]);
  const [untuned, tuned] = who.map((cells) => Number(cells[4]));
  expect(tuned).toBeLessThan(untuned!); // a direct convolution needs no transforms
});

test("the choice is kept, and holds for the other views, which say so", async () => {
  await page.goto(page.url().replace(/#.*/, "#generate?steps=1&guidance=1"));
  await textOf(page, ".report", /, as tuned here\.$/);
  await page.goto(page.url().replace(/#.*/, "#benchmark"));
  await button(page, "Forget what was tuned");
  expect(await switched()).toEqual({ checked: true, disabled: false });
});

test("what was tuned can be forgotten", async () => {
  await (await button(page, "Forget what was tuned")).click();
  await textOf(page, ".tuning-status", /^Forgotten/);
  expect(await stored()).toBe(null);
  expect(await switched()).toEqual({ checked: false, disabled: true });
  await page.goto(page.url().replace(/#.*/, "#generate?steps=1&guidance=1"));
  await textOf(page, ".report", /swiftshader.*\.$/i);
  expect(await page.$eval(".report", ({ textContent }) => textContent)).not.toContain("tuned");
});

test("an entry that is no tuning is said to be none, uses nothing, and can be forgotten", async () => {
  await page.evaluate((key) => {
    localStorage.setItem(key, "{");
    localStorage.setItem("unstatic-use-tuning", "yes");
  }, KEY);
  await page.reload();
  await textOf(page, ".report", /swiftshader.*\.$/i);
  await page.goto(page.url().replace(/#.*/, "#benchmark"));
  await textOf(page, ".tuning-status[data-failed]", /localStorage 'unstatic-tuning': must be JSON/);
  expect(await switched()).toEqual({ checked: false, disabled: true });
  await (await button(page, "Forget what was tuned")).click();
  expect(await stored()).toBe(null);
});

test("nothing was complained about", () => {
  expect(view.errors).toEqual([]);
});

test("weights that do not arrive are said, and tuning can be asked for again", async () => {
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    if (request.url().endsWith(".safetensors")) request.abort("connectionreset");
    else request.continue();
  });
  await page.reload();
  await (await button(page, "Tune for this device")).click();
  await textOf(page, ".tuning-status[data-failed]", /safetensors/);
  await page.waitForSelector(".bench-controls button:not(:disabled)");
});
