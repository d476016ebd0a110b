/** The view Generate in a real browser, every control used as a person would. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { button, type OpenedSite, openSite, overflows, screenshot, seriousProblems, textOf } from "../support/site";

/** Software adapters take a quarter of a second for an unguided step. */
const QUICK = "generate?prompt=rabbit&steps=4&seed=7&guidance=1";

let site: OpenedSite;
let page: Page;
let errors: string[];
let folder: string;
beforeAll(async () => {
  site = await openSite();
  folder = await mkdtemp(join(tmpdir(), "unstatic-site-"));
  ({ page, errors } = await site.open(QUICK));
  await finished();
});
afterAll(async () => {
  await site?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** Waits for the end of a run: the button offers another one. */
async function finished(inPage = page): Promise<void> {
  await textOf(inPage, ".generate-form .primary", /^Draw again$/);
  await inPage.waitForFunction(() => !document.querySelector(".film[data-live]"));
}

const pixels = (what: "x" | "x0", inPage = page) =>
  inPage.$eval(`.screen-${what} .screen-kept`, (canvas) => (canvas as HTMLCanvasElement).toDataURL());

const filmText = () => page.$eval(".film-text", (text) => text.textContent);
const option = async (name: string) =>
  page.evaluate((key) => new URLSearchParams(location.hash.split("?")[1]).get(key), name);

/** Moves a slider by keys, as many as it takes. */
async function press(selector: string, key: "ArrowLeft" | "ArrowRight" | "Home" | "End", times = 1): Promise<void> {
  await page.focus(selector);
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

/** Types over what a field says. */
async function fill(selector: string, text: string): Promise<void> {
  await page.$eval(selector, (input) => (input as HTMLInputElement).select());
  await page.type(selector, text);
}

test("a link draws its picture, the same one each time", async () => {
  expect(await filmText()).toMatch(/^step 4 of 4 · t = \d+ · [\d.]+ % noise$/);
  expect(await page.$eval(".report", ({ textContent }) => textContent)).toMatch(
    /^ddpm, 4 steps: \d+ ms a step, \d+ GPU dispatches each\. doodle on .*swiftshader/i,
  );
  const again = await site.open(QUICK);
  await finished(again.page);
  expect(await pixels("x", again.page)).toBe(await pixels("x"));
  expect(again.errors).toEqual([]);
  await again.page.close();
});

test("the slider, its keys and the strip lead back through state and guess", async () => {
  const [x, x0] = [await pixels("x"), await pixels("x0")];
  await press(".film-bar input", "Home");
  expect(await filmText()).toMatch(/^step 1 of 4/);
  expect(await pixels("x")).not.toBe(x);
  expect(await pixels("x0")).not.toBe(x0);
  await press(".film-bar input", "ArrowRight");
  expect(await filmText()).toMatch(/^step 2 of 4/);
  const strip = (await (await page.$(".filmstrip"))!.boundingBox())!;
  await page.mouse.click(strip.x + strip.width * 0.99, strip.y + 4);
  expect(await filmText()).toMatch(/^step 4 of 4/);
  expect(await pixels("x")).toBe(x);
});

test("a finished run plays again", async () => {
  await (await button(page, "Play the run")).click();
  await textOf(page, ".film-text", /^step 1 of 4/, 2_000);
  await textOf(page, ".film-text", /^step 4 of 4/, 2_000);
  await button(page, "Play the run");
});

test("an unknown word is an error that shows the known ones; one of them is a click away", async () => {
  await fill("#prompt", "unicorn\n");
  await textOf(page, "#prompt-error", /Must name something the model can draw, got "unicorn"/);
  expect(await page.$eval("#prompt", (input) => input.getAttribute("aria-invalid"))).toBe("true");
  const chips = await page.$$eval(".chips button", (all) => all.map((chip) => chip.textContent));
  expect(chips).toHaveLength(49);
  await (await button(page, "cat")).click();
  await finished();
  expect(await page.$eval("#prompt-error", ({ textContent }) => textContent)).toBe("");
  expect(await option("prompt")).toBe("cat");
  expect(await page.$eval(".screen-x .screen-kept", (c) => c.getAttribute("aria-label"))).toMatch(/drawing of a cat/);
  await page.click(".known summary");
});

test("steps, seed, die, sampler, guidance and grid each ask for another picture", async () => {
  const seen = new Set([await pixels("x")]);
  const changed = async () => {
    await finished();
    const now = await pixels("x");
    expect(seen.has(now)).toBe(false);
    seen.add(now);
  };
  await press(".generate-form label:has(input[max='100']) input", "ArrowLeft");
  await changed();
  expect(await option("steps")).toBe("3");
  await fill("#seed", "8\n");
  await changed();
  expect(await option("seed")).toBe("8");
  await (await button(page, "Another seed")).click();
  await changed();
  expect(await option("seed")).not.toBe("8");
  await page.select(".generate-form select", "ddim");
  await changed();
  expect(await option("sampler")).toBe("ddim");
  expect(await page.$eval(".generate-form .field-note", ({ textContent }) => textContent)).toMatch(/no noise back/);
  await press(".generate-form input[max='8']", "ArrowRight");
  await changed();
  expect(await option("guidance")).toBe("1.1");
  await page.select(".generate-form > .field:has(option[value='2']) select", "2");
  await changed();
  expect(await option("grid")).toBe("2");
  const side = await page.$eval(".screen-x .screen-kept", (canvas) => (canvas as HTMLCanvasElement).width);
  expect(side).toBe(64);
});

test("a picture of a grid is followed alone: on both screens, along the strip, and in what is saved", async () => {
  const strip = () => page.$eval(".filmstrip", (canvas) => (canvas as HTMLCanvasElement).toDataURL());
  const width = (what: string) =>
    page.$eval(`.screen-${what} .screen-kept`, (canvas) => (canvas as HTMLCanvasElement).width);
  const seed = await option("seed");
  const [all, guesses, stripOfAll] = [await pixels("x"), await pixels("x0"), await strip()];
  await page.click(".screen-x0 .grid-choice button:nth-child(3)");
  expect([await width("x"), await width("x0")]).toEqual([32, 32]);
  const quarter = (url: string) =>
    page.evaluate(async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
      canvas.getContext("2d")!.drawImage(image, 0, -32);
      return canvas.toDataURL();
    }, url);
  expect(await pixels("x")).toBe(await quarter(all));
  expect(await pixels("x0")).toBe(await quarter(guesses));
  expect(await strip()).not.toBe(stripOfAll);
  expect(await page.$eval(".screen-x .screen-note", ({ textContent }) => textContent)).toMatch(/^Picture 3 of 4/);
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "deny" });
  await (await button(page, "Save picture")).click();
  await textOf(page, ".saved", new RegExp(`^Saved cat-seed-${seed}-picture-3\\.png$`));
  await (await button(page, "Save animation")).click();
  await textOf(page, ".saved", new RegExp(`^Saved cat-seed-${seed}-picture-3-run\\.png$`));
  await (await button(page, "Draw again")).click();
  await finished();
  expect(await width("x")).toBe(32); // the next run is followed in the same way
  await page.focus(".screen-x .grid-choice button");
  await page.keyboard.press("Enter");
  expect([await pixels("x"), await strip()]).toEqual([all, stripOfAll]);
  await page.keyboard.press("ArrowRight");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Picture 2 alone");
});

test("a seed that is none is an error beside the button", async () => {
  await fill("#seed", "");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Enter");
  await textOf(page, ".generate-form > .field-error", /^seed: must be an integer/);
  await page.type("#seed", "7\n");
  await finished();
  expect(await page.$eval(".generate-form > .field-error", ({ textContent }) => textContent)).toBe("");
});

test("a run can be stopped; its steps so far stay", async () => {
  await page.evaluate(() => {
    location.hash = "generate?prompt=cat&steps=60&seed=3&guidance=1";
  });
  await textOf(page, ".film-text", /^step 2 of 60/);
  await (await button(page, "Stop")).click();
  await finished();
  const done = await page.$eval(".film-bar input", (input) => Number((input as HTMLInputElement).value));
  expect(done).toBeLessThan(59);
  await press(".film-bar input", "Home");
  expect(await filmText()).toMatch(/^step 1 of 60/);
});

test("picture and animation are saved as what is on the screen", async () => {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, QUICK);
  await textOf(page, ".film-text", /^step 4 of 4/);
  await finished();
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
  await (await button(page, "Save picture")).click();
  await textOf(page, ".saved", /^Saved rabbit-seed-7\.png$/);
  await (await button(page, "Save animation")).click();
  await textOf(page, ".saved", /^Saved rabbit-seed-7-run\.png$/);
  const saved = async (name: string) => {
    for (let i = 0; !(await readdir(folder)).includes(name) && i < 100; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return readFile(join(folder, name));
  };
  const { width, height, data } = PNG.sync.read(await saved("rabbit-seed-7.png"));
  expect([width, height]).toEqual([512, 512]);
  const shown = PNG.sync.read(Buffer.from((await pixels("x")).split(",")[1]!, "base64"));
  for (const [x, y] of [
    [0, 0],
    [9, 17],
    [31, 31],
  ] as const) {
    expect(data[4 * (16 * y * width + 16 * x)]).toBe(shown.data[4 * (y * 32 + x)]);
  }
  const animation = await saved("rabbit-seed-7-run.png");
  expect(animation.readUInt32BE(animation.indexOf("acTL") + 4)).toBe(4);
  expect(PNG.sync.read(animation).width).toBe(2 * 256 + 8);
});

test("the link that is copied is the page's address", async () => {
  // The real clipboard belongs to whoever sits at the machine.
  await page.evaluate(() => {
    const writeText = async (text: string) => {
      document.documentElement.dataset.copied = text;
    };
    Object.defineProperty(navigator, "clipboard", { value: { writeText } });
  });
  await (await button(page, "Copy link")).click();
  await textOf(page, ".saved", /^Link copied/, 5_000);
  expect(await page.evaluate(() => document.documentElement.dataset.copied)).toBe(page.url());
});

test("accessible, in light and dark, at a desk and on a phone; nothing jumps, nothing fails", async () => {
  expect(await seriousProblems(page)).toEqual([]);
  await screenshot(page, "generate-light");
  expect(errors).toEqual([]);
  await page.close();
  const phone = await site.open("generate?prompt=cat&steps=3&guidance=1&grid=2", { width: 360, theme: "dark" });
  await phone.page.evaluate(() => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
        if (!hadRecentInput)
          document.documentElement.dataset.shift = String(Number(document.documentElement.dataset.shift ?? 0) + value);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await finished(phone.page);
  expect(await overflows(phone.page)).toBe(false);
  expect(await seriousProblems(phone.page)).toEqual([]);
  await screenshot(phone.page, "generate-phone-dark");
  const shift = await phone.page.evaluate(() => Number(document.documentElement.dataset.shift ?? 0));
  expect(shift).toBeLessThan(0.05);
  expect(phone.errors).toEqual([]);
  await phone.page.close();
});
