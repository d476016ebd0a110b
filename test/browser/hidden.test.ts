/** A tab that nobody sees draws nothing: the window is minimised in the middle of a run, and restored. */
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { launchBrowser } from "../support/browser";
import { buildLibrary } from "../support/library";
import { type StaticServer, serveFolder } from "../support/static_server";

const STEPS = 12;
const ELEMENT = `id="a" src="weights/doodle" prompt="rabbit" steps="${STEPS}" guidance="1" seed="7" autoplay="off"`;

let server: StaticServer;
let browser: Browser;
beforeAll(async () => {
  await buildLibrary();
  server = await serveFolder(join(import.meta.dirname, "../.."));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

interface OpenPage {
  readonly page: Page;
  readonly errors: string[];
  /** Minimises the window, or restores it; resolves when the page has heard. */
  readonly show: (visibility: "visible" | "hidden") => Promise<void>;
  readonly steps: () => Promise<number>;
}

/** `where`: the attribute that says where all happens. */
async function open(where: "" | "worker"): Promise<OpenPage> {
  const head = '<link rel="icon" href="data:,"><script type="module" src="dist/element.js"></script>';
  server.pages.set(
    "page.html",
    `<!doctype html><html lang="en"><title>Test</title>${head}<unstatic-image ${ELEMENT} ${where}>`,
  );
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.evaluateOnNewDocument(() => {
    Object.assign(window, { steps: 0 });
    document.addEventListener("step", () => (window as unknown as { steps: number }).steps++, true);
  });
  await page.goto(`${server.address}page.html`);
  await page.waitForFunction('customElements.get("unstatic-image")');
  const session = await page.createCDPSession();
  const { windowId } = await session.send("Browser.getWindowForTarget");
  const show: OpenPage["show"] = async (visibility) => {
    const windowState = visibility === "hidden" ? "minimized" : "normal";
    await session.send("Browser.setWindowBounds", { windowId, bounds: { windowState } });
    // By time, since a hidden page has no frames to look in.
    await page.waitForFunction((wanted) => document.visibilityState === wanted, { polling: 50 }, visibility);
  };
  return { page, errors, show, steps: () => page.evaluate("steps") as Promise<number> };
}

/** Runs where the device is: counts what it is given from now on. */
function countSubmits(): void {
  Object.assign(globalThis, { submits: 0 });
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (commands) {
    (globalThis as unknown as { submits: number }).submits++;
    return submit.call(this, commands);
  };
}

/** Begins a run of which the page keeps the end, and waits for its second step. */
async function begin({ page, steps }: OpenPage): Promise<void> {
  const before = await steps();
  await page.$eval("#a", (node) => {
    const run = (node as UnstaticImage).generate().catch((error: Error) => error.name);
    Object.assign(window, { run });
  });
  await page.waitForFunction((least) => (window as unknown as { steps: number }).steps >= least, {}, before + 2);
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 2_000));

test.each(["", "worker"] as const)(
  "a run pauses while its page is hidden, and goes on to the same picture: %s",
  async (where) => {
    const opened = await open(where);
    const { page, errors, show, steps } = opened;
    const undisturbed = await page.$eval("#a", async (node) => {
      const { images } = await (node as UnstaticImage).generate();
      return Array.from(images[0]!.data);
    });
    expect(await steps()).toBe(STEPS);
    const thread = page.workers()[0] ?? page;
    await thread.evaluate(countSubmits);
    const counts = async () => ({ steps: await steps(), submits: (await thread.evaluate("submits")) as number });

    await begin(opened);
    await show("hidden");
    await pause(); // the step that was on the GPU ends
    const before = await counts();
    await pause();
    expect(await counts()).toEqual(before);
    expect(before.steps).toBeLessThan(2 * STEPS);
    expect(before.submits).toBeGreaterThan(2);
    expect(await page.$eval("#a", (node) => (node as UnstaticImage).state)).toBe("running");

    await show("visible");
    const data = await page.evaluate(async () => {
      const generation = await (window as unknown as { run: ReturnType<UnstaticImage["generate"]> }).run;
      return Array.from(generation.images[0]!.data);
    });
    expect(await steps()).toBe(2 * STEPS);
    expect(data).toEqual(undisturbed);
    expect(errors).toEqual([]);
    await page.close();
  },
);

test.each(["", "worker"] as const)("a run is cancelled while its page is hidden: %s", async (where) => {
  const opened = await open(where);
  const { page, errors, show, steps } = opened;
  await begin(opened);
  await show("hidden");
  const outcome = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    await element.cancel();
    return { name: await (window as unknown as { run: Promise<string> }).run, state: element.state };
  });
  expect(outcome).toEqual({ name: "AbortError", state: "idle" });
  const before = await steps();
  await show("visible");
  await pause();
  expect(await steps()).toBe(before);
  expect(before).toBeLessThan(STEPS);
  expect(errors).toEqual([]);
  await page.close();
});
