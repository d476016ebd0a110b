/** A tab that nobody sees draws nothing: the window is minimised in the middle of a run, and restored. */
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { launchBrowser } from "../support/browser";
import { buildLibrary } from "../support/library";
import { type StaticServer, serveFolder } from "../support/static_server";

const STEPS = 12;
const ELEMENT = `<unstatic-image id="a" src="weights/doodle" prompt="rabbit" steps="${STEPS}" guidance="1" seed="7"
  autoplay="off"></unstatic-image>`;

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

/** What a page of these tests counts. */
interface Counts {
  readonly steps: number;
  readonly submits: number;
}

interface OpenPage {
  readonly page: Page;
  readonly errors: string[];
  /** Minimises the window, or restores it; resolves when the page has heard. */
  readonly show: (visibility: "visible" | "hidden") => Promise<void>;
  readonly counts: () => Promise<Counts>;
}

async function open(): Promise<OpenPage> {
  const head = '<link rel="icon" href="data:,"><script type="module" src="dist/element.js"></script>';
  server.pages.set("page.html", `<!doctype html><html lang="en"><title>Test</title>${head}${ELEMENT}`);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.evaluateOnNewDocument(count);
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
  return { page, errors, show, counts: () => page.evaluate("counts") as Promise<Counts> };
}

/** Runs in the page, before its own scripts. */
function count(): void {
  const counts = { steps: 0, submits: 0 };
  Object.assign(window, { counts });
  document.addEventListener("step", () => counts.steps++, true);
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (commands) {
    counts.submits++;
    return submit.call(this, commands);
  };
}

/** Begins a run of which the page keeps the end, and waits for its second step. */
async function begin({ page, counts }: OpenPage): Promise<void> {
  const { steps } = await counts();
  await page.$eval("#a", (node) => {
    const run = (node as UnstaticImage).generate().catch((error: Error) => error.name);
    Object.assign(window, { run });
  });
  await page.waitForFunction((least) => (window as unknown as { counts: Counts }).counts.steps >= least, {}, steps + 2);
}

/** What is counted once the step that was on the GPU is over, and whatever else happens in two seconds. */
async function whileHidden({ counts }: OpenPage): Promise<Counts[]> {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 2_000));
  await pause();
  const before = await counts();
  await pause();
  return [before, await counts()];
}

test("a run pauses while its page is hidden, and goes on to the same picture", async () => {
  const opened = await open();
  const { page, errors, show, counts } = opened;
  const undisturbed = await page.$eval("#a", async (node) => {
    const { images } = await (node as UnstaticImage).generate();
    return Array.from(images[0]!.data);
  });
  expect((await counts()).steps).toBe(STEPS);

  await begin(opened);
  await show("hidden");
  const [before, after] = await whileHidden(opened);
  expect(before!.steps).toBeLessThan(2 * STEPS);
  expect(after).toEqual(before);
  expect(await page.$eval("#a", (node) => (node as UnstaticImage).state)).toBe("running");

  await show("visible");
  const data = await page.evaluate(async () => {
    const generation = await (window as unknown as { run: ReturnType<UnstaticImage["generate"]> }).run;
    return Array.from(generation.images[0]!.data);
  });
  expect((await counts()).steps).toBe(2 * STEPS);
  expect(data).toEqual(undisturbed);
  expect(errors).toEqual([]);
  await page.close();
});

test("a run is cancelled while its page is hidden", async () => {
  const opened = await open();
  const { page, errors, show, counts } = opened;
  await begin(opened);
  await show("hidden");
  const outcome = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    await element.cancel();
    return { name: await (window as unknown as { run: Promise<string> }).run, state: element.state };
  });
  expect(outcome).toEqual({ name: "AbortError", state: "idle" });
  const { steps } = await counts();
  await show("visible");
  expect((await whileHidden(opened))[1]!.steps).toBe(steps);
  expect(steps).toBeLessThan(STEPS);
  expect(errors).toEqual([]);
  await page.close();
});
