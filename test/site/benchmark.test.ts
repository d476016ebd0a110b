/** The view Benchmark in a real browser: run, read, download, compare. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ElementHandle, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseReceipt, type Receipt } from "../../src/index";
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

let site: OpenedSite;
let view: OpenedView;
let page: Page;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unstatic-receipts-"));
  site = await openSite();
  view = await site.open("benchmark");
  page = view.page;
  await button(page, "Run the benchmark");
});
afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true });
});

/** Types a number into a field, as a person does: all of the old one is selected first. */
async function type(label: string, value: string): Promise<void> {
  const input = (await page.$(`::-p-aria([name="${label}"])`)) as ElementHandle<HTMLInputElement>;
  await input.click({ count: 3 });
  await input.type(value);
}

async function download(name: string): Promise<string> {
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
  const file = new Promise<string>((resolve) => {
    let suggested = "";
    session.on("Browser.downloadWillBegin", ({ suggestedFilename }) => {
      suggested = suggestedFilename;
    });
    session.on("Browser.downloadProgress", ({ state }) => state === "completed" && resolve(suggested));
  });
  await (await button(page, name)).click();
  const path = join(folder, await file);
  await session.detach();
  return path;
}

/** Drops files onto the page, the way a browser hands them over. */
async function drop(files: readonly { readonly name: string; readonly text: string }[]): Promise<void> {
  await page.$eval(
    ".drop",
    (zone, given) => {
      const dataTransfer = new DataTransfer();
      for (const { name, text } of given) dataTransfer.items.add(new File([text], name, { type: "application/json" }));
      zone.dispatchEvent(new DragEvent("dragenter", { bubbles: true, cancelable: true, dataTransfer }));
      zone.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
    },
    files,
  );
}

let receipt: Receipt;
let text: string;

test("runs with the options asked for and says how far it is", async () => {
  await type("Steps", "2");
  await type("Repeats", "1");
  await type("Pictures at once", "1");
  await page.select(".bench-controls select", "1");
  await (await button(page, "Run the benchmark")).click();
  await textOf(page, ".bench-status", /Loading|Compiling|Timing/);
  expect(await page.$eval(".bench-controls button", (each) => (each as HTMLButtonElement).disabled)).toBe(true);
  await textOf(page, ".bench-status", /^Done/, 110_000);
  expect(await page.$eval(".bench-controls button", (each) => (each as HTMLButtonElement).disabled)).toBe(false);
});

test("the receipt is downloaded, and the page shows its figures", async () => {
  const path = await download("Download the receipt (JSON)");
  expect(path).toMatch(/unstatic-doodle-\d{4}-\d\d-\d\d-\d\d-\d\d\.json$/);
  text = await readFile(path, "utf8");
  receipt = parseReceipt(text, path);
  expect(receipt.run).toMatchObject({ steps: 2, repeats: 1, batch: 1, guidance: 1 });
  const cards = await page.$$eval(".card", (all) => all.map((each) => each.textContent));
  expect(cards.find((card) => card!.startsWith("Dispatches"))).toContain(String(receipt.step.dispatches));
  const kernels = await page.$$eval('[aria-label="Kernels"] tbody th', (all) => all.map((each) => each.textContent));
  expect(kernels).toEqual(receipt.kernels.map(({ kernel }) => kernel));
  expect(await page.$$eval('[aria-label="Slowest dispatches"] tbody tr', (all) => all.length)).toBe(10);
});

test("the roofline has a mark for each dispatch that computes, a legend beside it, and is downloaded with both", async () => {
  const dots = await page.$$eval(".roofline .mark title", (all) => all.length);
  expect(dots).toBe(receipt.layers.filter(({ flops, bytes }) => flops > 0 && bytes > 0).length);
  const legend = await page.$$eval(".roofline-legend li", (all) => all.map((each) => each.textContent));
  expect(legend.map((text) => text!.split(" ")[0])).toEqual(receipt.kernels.map(({ kernel }) => kernel));
  const svg = await readFile(await download("Download the roofline (SVG)"), "utf8");
  expect(svg.match(/<title>/g)).toHaveLength(dots);
  expect(svg.match(/class="mark"/g)).toHaveLength(dots + legend.length);
});

test("a dropped receipt stands beside this browser's; one that is none is said to be none", async () => {
  const slower = {
    ...receipt,
    adapter: { ...receipt.adapter, description: "slow machine" },
    step: {
      ...receipt.step,
      ms: { ...receipt.step.ms, wall: { ...receipt.step.ms.wall, median: 3 * receipt.step.ms.wall.median } },
    },
  };
  await drop([{ name: "slow.json", text: JSON.stringify(slower) }]);
  expect(await textOf(page, ".comparison", /bit by bit/)).toContain("slow machine");
  const [median] = await page.$$eval('[aria-label="Figures"] tbody tr', (rows) =>
    rows.map((row) => [...row.children].map((cell) => cell.textContent)),
  );
  expect(median).toEqual(["step, median", expect.any(String), expect.any(String), "x 3.00"]);
  await drop([{ name: "holiday.json", text: '{"format":"photos"}' }]);
  await textOf(page, ".drop-status", /holiday\.json: must be a receipt/);
});

test("a receipt chosen as a file joins, one of other work is refused by what differs, one removed is gone", async () => {
  const path = join(folder, "other.json");
  await writeFile(path, JSON.stringify({ ...receipt, run: { ...receipt.run, batch: 8 } }));
  const input = (await page.$(".drop-input")) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(path);
  await textOf(page, ".drop-status", /other: batch must be 1 as in this browser, got 8/);
  await (await button(page, "Remove other")).click();
  await textOf(page, ".comparison", /slow machine/);
  expect(await page.$$eval(".receipts li", (all) => all.length)).toBe(2);
});

test("growth is measured and drawn", async () => {
  await (await button(page, "Measure growth")).click();
  await page.waitForFunction(
    () => document.querySelectorAll(".plot").length === 2 && document.querySelectorAll(".plot-dot").length === 9,
    { timeout: 115_000 },
  );
  const label = await page.$eval(".plot", (each) => each.getAttribute("aria-label"));
  expect(label).toMatch(/^ms for a picture, by steps: 1: .* ms, 2: .*, 20: .* ms$/);
});

test.each(["light", "dark"] as const)("nothing serious for axe, nothing sticks out, in %s", async (theme) => {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  for (const width of [1280, 360]) {
    await page.setViewport({ width, height: 800 });
    expect(await overflows(page)).toBe(false);
    expect(await seriousProblems(page)).toEqual([]);
    await screenshot(page, `benchmark-${theme}-${width}`);
  }
});

test("an option that cannot be meant is not run", async () => {
  await type("Steps", "0");
  await (await button(page, "Run the benchmark")).click();
  expect(await page.$eval(".bench-controls input", (input) => (input as HTMLInputElement).validity.valid)).toBe(false);
  expect(await page.$eval(".bench-controls button", (each) => (each as HTMLButtonElement).disabled)).toBe(false);
});

test("nothing was complained about", () => {
  expect(view.errors).toEqual([]);
});
