/** The examples that a bundler builds, as their readers would: built by Vite, served below a sub-path, used in a browser. */
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { launchBrowser } from "../support/browser";
import { buildLibrary } from "../support/library";
import { type StaticServer, serveFolder } from "../support/static_server";

const ROOT = join(import.meta.dirname, "../..");

let server: StaticServer;
let browser: Browser;
beforeAll(async () => {
  await buildLibrary();
  server = await serveFolder(ROOT);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Builds the example `name` with other words in place of some of its own, and opens what came of it. */
async function open(name: string, words: Readonly<Record<string, string>>): Promise<{ page: Page; errors: string[] }> {
  const outDir = join(ROOT, `dist/example-${name}`);
  const replaced = new Set<string>();
  await build({
    root: join(ROOT, "src/site/examples", name),
    configFile: false,
    base: "./",
    logLevel: "error",
    resolve: {
      alias: { "unstatic/element": join(ROOT, "dist/element.js"), unstatic: join(ROOT, "dist/index.js") },
    },
    plugins: [
      {
        name: "fewer-steps",
        enforce: "pre",
        transform(code, id) {
          if (!id.includes(`/examples/${name}/`)) return null;
          return Object.entries(words).reduce((text, [from, to]) => {
            if (text.includes(from)) replaced.add(from);
            return text.replace(from, to);
          }, code);
        },
      },
    ],
    build: { outDir, emptyOutDir: true, target: "es2022" },
  });
  expect([...replaced], "words of the example").toEqual(Object.keys(words));
  await mkdir(join(outDir, "doodle"), { recursive: true });
  await cp(join(ROOT, "weights/doodle"), join(outDir, "doodle"), { recursive: true });
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && errors.push(message.text()));
  await page.evaluateOnNewDocument(countDevices);
  await page.goto(`${server.address}dist/example-${name}/index.html`);
  return { page, errors };
}

/** Runs in the page, before its own scripts. */
function countDevices(): void {
  const devices = { opened: 0, destroyed: 0 };
  Object.assign(window, { devices });
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (...options) {
    devices.opened++;
    return requestDevice.apply(this, options);
  };
  const { destroy } = GPUDevice.prototype;
  GPUDevice.prototype.destroy = function () {
    devices.destroyed++;
    return destroy.apply(this);
  };
}

const says = (page: Page, selector: string, text: string) =>
  page.waitForFunction(
    (selector, text) => document.querySelector(selector)?.textContent?.startsWith(text),
    { timeout: 100_000 },
    selector,
    text,
  );

/** A blank canvas takes a few hundred bytes. */
async function expectPicture(page: Page, selector: string): Promise<void> {
  expect((await (await page.$(selector))!.screenshot()).length).toBeGreaterThan(1_000);
}

test("the Vite example, built and served below a sub-path, draws on its canvas", async () => {
  const { page, errors } = await open("vite", { "steps: 24": "steps: 2, guidance: 1" });
  await says(page, "[role=status]", "step 2 of 2");
  await expectPicture(page, "canvas");
  expect(errors).toEqual([]);
  await page.close();
});

test("the React example draws what is chosen, anew for each prompt, and frees all when it is unmounted", async () => {
  const { page, errors } = await open("react", { "steps={24}": "steps={2} guidance={1} seed={7}" });
  const picture = () => page.$eval("unstatic-image", (node) => Array.from((node as UnstaticImage).image!.data));
  await says(page, "figcaption", "rabbit, seed 7");
  await expectPicture(page, "unstatic-image");
  const rabbit = await picture();
  expect(new Set(rabbit).size).toBeGreaterThan(20);

  await page.select("select", "star");
  await says(page, "figcaption", "star, seed 7");
  await expectPicture(page, "unstatic-image");
  const star = await picture();
  expect(star.filter((byte, i) => byte !== rabbit[i]).length).toBeGreaterThan(100);
  // One element, one device, whatever the prompt.
  expect(await page.evaluate("devices")).toEqual({ opened: 1, destroyed: 0 });

  await page.select("select", "");
  expect(await page.$("unstatic-image")).toBeNull();
  await page.waitForFunction("devices.destroyed === 1", { timeout: 20_000 });
  expect(await page.evaluate("devices")).toEqual({ opened: 1, destroyed: 1 });
  expect(errors).toEqual([]);
  await page.close();
});

test("a bundler takes the worker along, which then draws what the page's own thread draws", async () => {
  const { page, errors } = await open("react", { "steps={24}": "steps={2} guidance={1} seed={7} worker" });
  await says(page, "figcaption", "rabbit, seed 7");
  await expectPicture(page, "unstatic-image");
  expect(page.workers()).toHaveLength(1);
  expect(await page.evaluate("devices")).toEqual({ opened: 0, destroyed: 0 });
  expect(errors).toEqual([]);
  await page.close();
});
