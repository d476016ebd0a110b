/** What a page with the doodle model downloads, counted by a plain server: the files whose size the build asserts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gzippedBytes, SIZES_FILE } from "../../src/build/size_limit";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { launchBrowser } from "../support/browser";
import { buildLibrary } from "../support/library";
import { type StaticServer, serveFolder } from "../support/static_server";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = `<!doctype html><html lang="en"><title>Test</title><link rel="icon" href="data:,">
  <script type="module" src="dist/element.js"></script>
  <unstatic-image src="weights/doodle" prompt="rabbit" steps="2"></unstatic-image>`;

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

/** Files of scripts asked for while the element draws, in order of the alphabet, each with its gzipped bytes. */
async function scriptsOf(prepare: (page: Page) => Promise<unknown>): Promise<Record<string, number>> {
  const page = await browser.newPage();
  await prepare(page);
  server.pages.set("page.html", PAGE);
  server.requests.length = 0;
  await page.goto(`${server.address}page.html`);
  const isOver = () => {
    const { state } = document.querySelector("unstatic-image") as UnstaticImage;
    return (state === "done" || state === "error" || state === "unsupported") && state;
  };
  const state = await (await page.waitForFunction(isOver, { timeout: 100_000 })).jsonValue();
  expect(state).toBe("done");
  await page.close();
  const scripts = server.requests.filter((path) => path.endsWith(".js")).sort();
  expect(scripts.filter((path) => !path.startsWith("dist/"))).toEqual([]);
  const sized = scripts.map(async (path) => [
    path.replace("dist/", ""),
    gzippedBytes(await readFile(join(ROOT, path))),
  ]);
  return Object.fromEntries(await Promise.all(sized));
}

/** SwiftShader under a name that nobody takes for software: the engine then runs what it runs on a GPU. */
async function seemsGpu(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    const info = { vendor: "test", architecture: "test", device: "", description: "", isFallbackAdapter: false };
    Object.defineProperty(GPUAdapter.prototype, "info", { get: () => info });
  });
}

test.each([
  { page: "gpu", prepare: seemsGpu, limit: 50 * 1024 },
  { page: "cpuAdapter", prepare: async () => {}, limit: 54 * 1024 },
])("the scripts of a doodle page ($page) are those that the build counts", async ({ page, prepare, limit }) => {
  const counted = JSON.parse(await readFile(join(ROOT, "dist", SIZES_FILE), "utf8"));
  const scripts = await scriptsOf(prepare);
  expect(scripts).toEqual(counted[page]);
  expect(Object.values(scripts).reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(limit);
});
