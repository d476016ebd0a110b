/** The page around the views: ways between them, themes, and what is seen when something does not work. */
import type { Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { button, type OpenedSite, openSite, textOf } from "../support/site";

const QUICK = "generate?prompt=rabbit&steps=2&guidance=1";

let site: OpenedSite;
let address: string;
beforeAll(async () => {
  site = await openSite();
  const { page } = await site.open("benchmark");
  address = page.url().split("#")[0]!;
  await page.close();
});
afterAll(() => site?.close());

/** A page that is prepared before it goes anywhere. */
async function prepared(prepare: (page: Page) => Promise<unknown>): Promise<{ page: Page; errors: string[] }> {
  const page = await site.browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await prepare(page);
  await page.goto(`${address}#${QUICK}`);
  return { page, errors };
}

const drawn = (page: Page) => textOf(page, ".film-text", /^step 2 of 2/);
const heading = (page: Page) => page.$eval("h1", ({ textContent }) => textContent);

test("five views, a link each; back leads back; nothing is fetched from elsewhere", async () => {
  const page = await site.browser.newPage();
  const strangers: string[] = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !/^(data|blob):/.test(url)) strangers.push(url);
  });
  const failures: string[] = [];
  page.on("requestfailed", (request) => failures.push(request.url()));
  page.on("response", (response) => response.status() >= 400 && failures.push(response.url()));
  await page.goto(`${address}#${QUICK}`);
  await drawn(page);
  const names = await page.$$eval("header nav a", (links) => links.map(({ textContent }) => textContent));
  expect(names).toEqual(["Generate", "Noise it", "Compare", "Inside", "Benchmark"]);
  for (const [name, title] of [
    ["Noise it", "How a picture becomes static"],
    ["Benchmark", ""],
  ] as const) {
    await page.click(`header nav ::-p-text(${name})`);
    await textOf(page, "header nav a[aria-current=page]", new RegExp(`^${name}$`));
    if (title) expect(await heading(page)).toBe(title);
    expect(await page.title()).toBe(`${name} · Unstatic`);
  }
  await page.goBack();
  await textOf(page, "header nav a[aria-current=page]", /^Noise it$/);
  await page.goBack();
  await drawn(page);
  expect(await page.$eval(".generate-form input[max='100']", (input) => (input as HTMLInputElement).value)).toBe("2");
  await page.click(".wordmark");
  await textOf(page, "h1", /^Watch static turn/);
  expect(strangers).toEqual([]);
  expect(failures).toEqual([]);
  await page.close();
});

test("the theme is the system's, until one chooses; the choice is kept; keys reach the content", async () => {
  const { page, errors } = await site.open(QUICK, { theme: "dark" });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  expect(await theme()).toBe("dark");
  await (await button(page, "Use light colours")).click();
  expect(await theme()).toBe("light");
  await page.reload();
  expect(await theme()).toBe("light");
  await (await button(page, "Use dark colours")).click();
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await page.waitForSelector("html[data-theme=light]");
  await page.reload();
  await page.waitForSelector(".skip");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
  expect(await heading(page)).toMatch(/^Watch static/);
  await drawn(page);
  expect(errors).toEqual([]);
  await page.close();
});

test("without WebGPU the processor draws, and the page says so", async () => {
  const { page, errors } = await prepared((page) =>
    page.evaluateOnNewDocument(() => {
      Object.defineProperty(navigator, "gpu", { value: undefined });
    }),
  );
  await drawn(page);
  await textOf(page, ".report", /CPU \(TypeScript\)/);
  await textOf(page, ".notice", /no WebGPU/);
  expect(errors).toEqual([]);
  await page.close();
});

test("a download that breaks off is said, and trying again goes on", async () => {
  let isBroken = true;
  const { page } = await prepared(async (page) => {
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (isBroken && request.url().endsWith(".safetensors")) request.abort("connectionreset");
      else request.continue();
    });
  });
  await textOf(page, ".problem h2", /^The model could not be fetched$/);
  isBroken = false;
  await (await button(page, "Try again")).click();
  await drawn(page);
  expect(await page.$(".problem")).toBe(null);
  await page.close();
});

test("a device that is lost in the middle of a run is said, and trying again opens another", async () => {
  const { page } = await prepared((page) =>
    page.evaluateOnNewDocument(() => {
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (...options) {
        const device = await requestDevice.apply(this, options);
        Object.assign(window, { device });
        return device;
      };
    }),
  );
  await drawn(page);
  await page.evaluate(() => {
    location.hash = "generate?prompt=cat&steps=90&guidance=1";
  });
  await textOf(page, ".film-text", /^step 2 of 90/);
  await page.evaluate("device.destroy()");
  await textOf(page, ".problem h2", /^The graphics processor stopped$/);
  await page.focus(".generate-form input[max='100']");
  await page.keyboard.press("Home");
  await textOf(page, ".film-text", /^step 1 of 1/);
  expect(await page.$(".problem")).toBe(null);
  await page.close();
});
