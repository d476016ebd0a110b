/** The site as it is published: built files on a plain server below a sub-path, in a real browser, used as a person would. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, ElementHandle, Page } from "puppeteer";
import { build } from "vite";
import { launchBrowser } from "./browser";
import { serveFolder } from "./static_server";

const ROOT = join(import.meta.dirname, "../..");

export interface OpenedView {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions that nobody caught. */
  readonly errors: string[];
}

export interface OpenedSite {
  readonly browser: Browser;
  /** Opens the site at a place such as `inside`. */
  open(hash: string, options?: { readonly width?: number; readonly theme?: "light" | "dark" }): Promise<OpenedView>;
  close(): Promise<void>;
}

/** Builds the site afresh and serves it, to a browser with WebGPU or without. */
export async function openSite(options: { readonly webgpu?: boolean } = {}): Promise<OpenedSite> {
  await build({ configFile: join(ROOT, "vite.config.ts"), mode: "site", logLevel: "error" });
  const server = await serveFolder(join(ROOT, "dist/site"));
  const browser = await launchBrowser(options);
  return {
    browser,
    open: async (hash, { width = 1280, theme = "light" } = {}) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => ["error", "warn"].includes(message.type()) && errors.push(message.text()));
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
      await page.evaluateOnNewDocument(keepDevices);
      await page.goto(`${server.address}#${hash}`);
      return { page, errors };
    },
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** Runs in the page before its own scripts: `window.devices` are all that it opened, for tests to take away. */
function keepDevices(): void {
  const devices: GPUDevice[] = [];
  Object.assign(window, { devices });
  if (!("GPUAdapter" in window)) return;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    devices.push(device);
    return device;
  };
}

/** A button by what it says, or by its label for those who do not see it. */
export async function button(page: Page, name: string): Promise<ElementHandle<HTMLButtonElement>> {
  const found = await page.waitForSelector(`::-p-aria([name="${name}"][role="button"])`, { timeout: 20_000 });
  return found as ElementHandle<HTMLButtonElement>;
}

/** Waits until an element's text matches. */
export async function textOf(page: Page, selector: string, pattern: RegExp, timeout = 90_000): Promise<string> {
  const read = (css: string) => document.querySelector(css)?.textContent ?? "";
  const matches = (css: string, source: string) =>
    new RegExp(source).test(document.querySelector(css)?.textContent ?? "");
  try {
    await page.waitForFunction(matches, { timeout }, selector, pattern.source);
  } catch {
    throw new Error(`${selector}: must match ${pattern}, says "${await page.evaluate(read, selector)}"`);
  }
  return page.evaluate(read, selector);
}

/** What axe finds that is serious or worse, one line each. */
export async function seriousProblems(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: AxeViolation[] }> } };
    interface AxeViolation {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
    }
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)} ${nodes[0]!.failureSummary}`);
  });
}

/** Saves a picture of the whole page where the environment variable `SCREENSHOTS` names a folder, for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Whether anything stands out to the right of the page. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}
