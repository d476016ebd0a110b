/** The view Compare in a real browser, every control used as a person would. */
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { button, type OpenedSite, openSite, overflows, screenshot, seriousProblems, textOf } from "../support/site";

let site: OpenedSite;
let page: Page;
let errors: string[];
beforeAll(async () => {
  site = await openSite();
  ({ page, errors } = await site.open("compare?of=ddpm,ddim,euler&steps=2&guidance=1&seed=7"));
  await finished();
});
afterAll(() => site?.close());

const finished = (inPage = page) => textOf(inPage, ".compare-form .primary", /^Compare$/);

interface CardText {
  readonly name: string;
  readonly state: string;
  readonly status: string;
  readonly detail: string;
  readonly picture: string;
}

const cards = (): Promise<CardText[]> =>
  page.$$eval(".card", (all) =>
    all.map((card) => ({
      name: card.querySelector("h3")!.textContent!,
      state: (card as HTMLElement).dataset.state!,
      status: card.querySelector(".card-status")!.textContent!,
      detail: card.querySelector(".card-detail")!.textContent!,
      picture: card.querySelector<HTMLCanvasElement>("[role=img]")!.toDataURL(),
    })),
  );

/** Starts a comparison and waits for its end. */
async function compare(): Promise<CardText[]> {
  await (await button(page, "Compare")).click();
  await textOf(page, ".compare-form .primary", /^Stop$/, 5_000);
  await finished();
  return cards();
}

/** Ticks these and no others. */
async function tick(...wanted: string[]): Promise<void> {
  for (const box of await page.$$(".compare-variants input")) {
    const [value, checked] = await box.evaluate((input) => [input.value, input.checked] as const);
    if (wanted.includes(value) !== checked) await box.click();
  }
}

/** Types over what a field says. */
async function fill(selector: string, text: string): Promise<void> {
  await page.$eval(selector, (input) => (input as HTMLInputElement).select());
  await page.type(selector, text);
}

test("the link's samplers lead one static to pictures, each timed and measured against the first", async () => {
  const all = await cards();
  expect(all.map(({ name }) => name)).toEqual(["ddpm", "ddim", "euler"]);
  for (const { status, state } of all) {
    expect(state).toBe("done");
    expect(status).toMatch(/^[\d.]+ m?s a step, [\d.]+ m?s in all$/);
  }
  expect(all[0]!.detail).toMatch(/^the first/);
  expect(all[1]!.detail).toMatch(/^\d+\.\d % apart from the first$/);
  expect(new Set(all.map(({ picture }) => picture)).size).toBeGreaterThan(1);
});

test("step counts: more steps, other pictures, and the steps' own slider rests", async () => {
  await page.click("input[name=by][value=steps]");
  expect(await page.$eval(".compare-same input[max='100']", (input) => (input as HTMLInputElement).disabled)).toBe(
    true,
  );
  await tick("1", "2");
  await page.select(".compare-same select", "ddim");
  const all = await compare();
  expect(all.map(({ name }) => name)).toEqual(["1 step", "2 steps"]);
  expect(all.every(({ state }) => state === "done")).toBe(true);
  expect(all[0]!.picture).not.toBe(all[1]!.picture);
  expect(page.url()).toMatch(/by=steps&of=1%2C2&prompt=rabbit&sampler=ddim/);
});

test("schedules: a spacing that the sampler does not have is said on its card, the others go on", async () => {
  await page.click("input[name=by][value=spacing]");
  await tick("own", "karras", "leading");
  const all = await compare();
  expect(all.map(({ name, state }) => [name, state])).toEqual([
    ["the model's own", "done"],
    ["leading", "done"],
    ["karras", "failed"],
  ]);
  expect(all[2]!.detail).toMatch(/^sigmas: ddim cannot space its sigmas by "karras"/);
});

test("nothing ticked and an unknown word are errors in words", async () => {
  await tick();
  await (await button(page, "Compare")).click();
  await textOf(page, ".compare-form .actions .field-error", /Tick at least one/);
  await tick("own");
  await fill("#prompt", "unicorn\n");
  await textOf(page, "#prompt-error", /got "unicorn"/);
  await (await button(page, "moon")).click();
  await finished();
  expect((await cards()).map(({ state }) => state)).toEqual(["done"]);
});

test("seed, die, guidance and steps count; a comparison can be stopped", async () => {
  const [before] = await cards();
  await (await button(page, "Another seed")).click();
  const [reseeded] = await compare();
  expect(reseeded!.picture).not.toBe(before!.picture);
  await page.focus(".compare-same input[max='8']");
  await page.keyboard.press("ArrowRight");
  const [guided] = await compare();
  expect(guided!.picture).not.toBe(reseeded!.picture);
  await page.focus(".compare-same input[max='100']");
  await page.keyboard.press("End");
  await (await button(page, "Compare")).click();
  await textOf(page, ".card-status", /^evaluation \d+ of 100/);
  await (await button(page, "Stop")).click();
  await finished();
  expect((await cards()).map(({ state }) => state)).toEqual(["stopped"]);
});

test("accessible, in light and dark, at a desk and on a phone", async () => {
  expect(errors).toEqual([]);
  expect(await seriousProblems(page)).toEqual([]);
  await page.close();
  const phone = await site.open("compare?by=steps&of=1,2&guidance=1", { width: 360, theme: "dark" });
  await finished(phone.page);
  expect(await overflows(phone.page)).toBe(false);
  expect(await seriousProblems(phone.page)).toEqual([]);
  await screenshot(phone.page, "compare-phone-dark");
  expect(phone.errors).toEqual([]);
});
