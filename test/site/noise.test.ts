/** The view Noise it in a real browser, every control used as a person would. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import type { ElementHandle, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noiseSteps } from "../../src/index";
import { button, type OpenedSite, openSite, overflows, screenshot, seriousProblems, textOf } from "../support/site";

let site: OpenedSite;
let page: Page;
let errors: string[];
let folder: string;
beforeAll(async () => {
  site = await openSite();
  folder = await mkdtemp(join(tmpdir(), "unstatic-site-"));
  ({ page, errors } = await site.open("noise?steps=12&at=0"));
  await page.waitForSelector(".chips button");
  await page.waitForSelector(".noise-picture canvas[data-mixed]");
});
afterAll(async () => {
  await site?.close();
  if (folder) await rm(folder, { recursive: true });
});

const pixels = () =>
  page.$eval(".noise-picture canvas", (element) => {
    const { width, height } = element as HTMLCanvasElement;
    // A copy, since a canvas that is read often would be a slow one to draw on.
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
    copy.drawImage(element as HTMLCanvasElement, 0, 0);
    return Array.from(copy.getImageData(0, 0, width, height).data);
  });

/** Root mean square of the red channel around its mean, as a share of black to white. */
async function spread(): Promise<number> {
  const red = (await pixels()).filter((_, i) => i % 4 === 0).map((value) => value / 255);
  const mean = red.reduce((sum, value) => sum + value, 0) / red.length;
  return Math.sqrt(red.reduce((sum, value) => sum + (value - mean) ** 2, 0) / red.length);
}

/** Drags the noise slider by keys. */
async function setStep(step: number): Promise<void> {
  await page.focus("#noise-step");
  await page.keyboard.press("Home");
  for (let i = 0; i < step; i++) await page.keyboard.press("ArrowRight");
}

const readout = () => page.$eval(".noise-left output", ({ textContent }) => textContent);
const facts = () => page.$$eval(".noise-facts dd", (all) => all.map(({ textContent }) => textContent));

/** Types over what a field says. */
async function fill(selector: string, text: string): Promise<void> {
  await page.$eval(selector, (input) => (input as HTMLInputElement).select());
  await page.type(selector, text);
}

test("the slider goes from the picture to static, with the engine's own figures", async () => {
  const steps = noiseSteps({ schedule: "cosine", steps: 12 });
  await setStep(0);
  expect(await readout()).toBe("0.0 %, step 0 of 12");
  const clean = await pixels();
  expect(new Set(clean).has(0) && new Set(clean).has(255)).toBe(true);
  await setStep(6);
  const { alpha, sigma, percent, addedPercent } = steps[6]!;
  expect(await readout()).toBe(`${percent.toFixed(1)} %, step 6 of 12`);
  expect((await facts()).slice(0, 3)).toEqual([
    `${alpha.toFixed(3)} × picture + ${sigma.toFixed(3)} × static`,
    `${percent.toFixed(2)} % of the variance`,
    `${addedPercent.toFixed(2)} %`,
  ]);
  await setStep(12);
  expect(await readout()).toBe("100.0 %, step 12 of 12");
  // Pure static of unit variance, cut at black and white: E[min(1, max(-1, z))^2] = 0.516, on a scale of 2.
  expect(await spread()).toBeGreaterThan(0.34);
  expect(await spread()).toBeLessThan(0.38);
});

test("another seed is other static; the same one is the same again", async () => {
  await setStep(12);
  const seven = await pixels();
  const type = async (seed: string) => {
    const before = await page.$eval(".noise-picture canvas", (canvas) => canvas.getAttribute("data-mixed"));
    await fill("#seed", seed);
    await page.keyboard.press("Tab");
    await page.waitForFunction(
      (old) => document.querySelector(".noise-picture canvas")?.getAttribute("data-mixed") !== old,
      {},
      before,
    );
  };
  await type("8");
  expect(await pixels()).not.toEqual(seven);
  await type("7");
  expect(await pixels()).toEqual(seven);
});

test("schedule and number of steps change the curve, not how far along one is", async () => {
  await setStep(6);
  const curve = () => page.$eval(".chart-alpha", (path) => path.getAttribute("d"));
  const cosine = await curve();
  await page.select(".noise-controls select", "linear");
  expect(await curve()).not.toBe(cosine);
  expect(await readout()).toBe(
    `${noiseSteps({ schedule: "linear", steps: 12 })[6]!.percent.toFixed(1)} %, step 6 of 12`,
  );
  await page.focus(".noise-controls input[max='100']");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  expect(await readout()).toMatch(/step 5 of 10$/);
  expect(page.url()).toMatch(/#noise\?schedule=linear&steps=10&seed=7&at=5$/);
  const chart = (await (await page.$(".chart svg"))!.boundingBox())!;
  await page.mouse.click(chart.x + chart.width - 2, chart.y + 40);
  expect(await readout()).toMatch(/step 10 of 10$/);
});

/** Drops or pastes a picture of one colour, as a browser would. */
function give(type: "drop" | "paste", target: string, colour: string): Promise<void> {
  return page.evaluate(
    async (type, target, colour) => {
      const canvas = new OffscreenCanvas(30, 50);
      const context = canvas.getContext("2d")!;
      context.fillStyle = colour;
      context.fillRect(0, 0, 30, 50);
      const data = new DataTransfer();
      data.items.add(new File([await canvas.convertToBlob()], "picture.png", { type: "image/png" }));
      const init = { bubbles: true, cancelable: true };
      const event =
        type === "drop"
          ? new DragEvent(type, { ...init, dataTransfer: data })
          : new ClipboardEvent(type, { ...init, clipboardData: data });
      document.querySelector(target)!.dispatchEvent(event);
    },
    type,
    target,
    colour,
  );
}

test("a chosen, a dropped and a pasted picture each take the square; what is none is an error", async () => {
  await setStep(0);
  const red = new PNG({ width: 40, height: 20 });
  for (let p = 0; p < 800; p++) red.data.set([200, 30, 30, 255], 4 * p);
  const file = join(folder, "red.png");
  await writeFile(file, PNG.sync.write(red));
  const input = (await page.$("#picture-file")) as ElementHandle<HTMLInputElement>;
  const isColour = (r: number, g: number) =>
    page.waitForFunction(
      (...[red, green]) => {
        const canvas = document.querySelector<HTMLCanvasElement>(".noise-picture canvas")!;
        const copy = new OffscreenCanvas(1, 1).getContext("2d")!;
        copy.drawImage(canvas, 100, 100, 1, 1, 0, 0, 1, 1);
        const [r, g] = copy.getImageData(0, 0, 1, 1).data;
        return Math.abs(r! - red!) <= 1 && Math.abs(g! - green!) <= 1;
      },
      { timeout: 10_000 },
      r,
      g,
    );
  await input.uploadFile(file);
  await isColour(200, 30);
  await give("drop", ".noise-picture", "rgb(20, 180, 20)");
  await isColour(20, 180);
  await give("paste", "body", "rgb(240, 240, 60)");
  await isColour(240, 240);
  // Light paper is turned over for the model, which draws white on black.
  expect(await page.$eval(".denoise-form input[type=checkbox]", (box) => (box as HTMLInputElement).checked)).toBe(true);
  const text = join(folder, "note.txt");
  await writeFile(text, "no picture");
  await input.uploadFile(text);
  await textOf(page, ".source .field-error", /cannot read a file of type text\/plain as a picture/);
  await (await button(page, "Sample drawing: rabbit")).click();
  expect(await page.$eval(".source .field-error", ({ textContent }) => textContent)).toBe("");
  expect(await page.$eval(".denoise-form #prompt", (prompt) => (prompt as HTMLInputElement).value)).toBe("rabbit");
  expect(await page.$eval(".denoise-form input[type=checkbox]", (box) => (box as HTMLInputElement).checked)).toBe(
    false,
  );
});

test("the model takes the steps that are left, and keeps of a little-noised drawing what is there", async () => {
  await page.select(".noise-controls select", "cosine");
  const steps = ".denoise-form input[max='100']";
  await page.focus(steps);
  await page.keyboard.press("Home");
  await setStep(0);
  await textOf(page, ".plan", /too little noise/);
  expect(await page.$eval(".denoise-form .primary", (element) => (element as HTMLButtonElement).disabled)).toBe(true);
  await setStep(5);
  await textOf(page, ".plan", /t = \d+: 2 of its 4 steps are left/);
  await (await button(page, "Denoise from here")).click();
  await textOf(page, ".denoise .film-text", /^step 2 of 2/);
  await textOf(page, ".denoise-form .primary", /^Denoise from here$/);
  await fill("#prompt", "unicorn\n");
  await textOf(page, "#prompt-error", /got "unicorn"/);
});

test("accessible, in light and dark, at a desk and on a phone", async () => {
  expect(await seriousProblems(page)).toEqual([]);
  await screenshot(page, "noise-light");
  expect(errors).toEqual([]);
  await page.close();
  const phone = await site.open("noise?steps=24&at=12", { width: 360, theme: "dark" });
  await phone.page.waitForSelector(".chips button");
  await phone.page.waitForSelector(".noise-picture canvas[data-mixed]");
  expect(await overflows(phone.page)).toBe(false);
  expect(await seriousProblems(phone.page)).toEqual([]);
  await screenshot(phone.page, "noise-phone-dark");
  expect(phone.errors).toEqual([]);
});
