/** `<unstatic-image>` as a page meets it: the built files on a plain server below a sub-path, a real browser. */
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { launchBrowser } from "../support/browser";
import { buildLibrary } from "../support/library";
import { differing, onScreen } from "../support/screen";
import { type StaticServer, serveFolder } from "../support/static_server";

const WEIGHTS = "weights/doodle/unet/diffusion_pytorch_model.safetensors";
/** Four unguided steps: software adapters take half a second for each. */
const QUICK = 'src="weights/doodle" prompt="rabbit" steps="4" guidance="1"';

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

/** What a page of these tests records about itself, from its first line on. */
interface Log {
  /** Type and id of each element's events. */
  events: string[];
  /** By id, what the canvas showed after the last step, as RGBA bytes: later the page owns it, only a screenshot sees it. */
  drawn: Record<string, number[]>;
  /** How far content jumped, as browsers score it. */
  shifts: number;
  devicesOpened: number;
  devicesDestroyed: number;
}

interface OpenPage {
  readonly page: Page;
  readonly errors: string[];
  readonly log: () => Promise<Log>;
  /** Waits until each of the elements has sent the event. */
  readonly heard: (event: string, ...ids: string[]) => Promise<unknown>;
}

/** Opens a file of the project, or a page with this `body` at the project's root. */
async function open(what: { file: string } | { body: string }, prepare?: (page: Page) => Promise<unknown>) {
  const path = "file" in what ? what.file : "page.html";
  if ("body" in what) {
    const head = '<link rel="icon" href="data:,"><script type="module" src="dist/element.js"></script>';
    server.pages.set(path, `<!doctype html><html lang="en"><title>Test</title>${head}${what.body}`);
  }
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && errors.push(message.text()));
  await page.evaluateOnNewDocument(record);
  await prepare?.(page);
  server.requests.length = 0;
  await page.goto(server.address + path);
  const heard = (event: string, ...ids: string[]) =>
    page.waitForFunction(
      (wanted) => wanted.every((line) => (window as unknown as { log: Log }).log.events.includes(line)),
      { timeout: 100_000 },
      ids.map((id) => `${event} ${id}`),
    );
  return { page, errors, log: () => page.evaluate("window.log") as Promise<Log>, heard } satisfies OpenPage;
}

/** Runs in the page, before its own scripts. */
function record(): void {
  const log: Log = { events: [], drawn: {}, shifts: 0, devicesOpened: 0, devicesDestroyed: 0 };
  (window as unknown as { log: Log }).log = log;
  const note = ({ type, target }: Event) => {
    if (!(target instanceof HTMLElement)) return;
    log.events.push(`${type} ${target.id}`);
    if (type !== "step") return;
    const { canvas } = target as UnstaticImage;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d")!;
    copy.drawImage(canvas, 0, 0);
    log.drawn[target.id] = Array.from(copy.getImageData(0, 0, canvas.width, canvas.height).data);
  };
  for (const type of ["step", "done", "error"]) document.addEventListener(type, note, true);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) log.shifts += (entry as PerformanceEntry & { value: number }).value;
  }).observe({ type: "layout-shift", buffered: true });
  if (!globalThis.GPUAdapter) return;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    log.devicesOpened++;
    const device = await requestDevice.apply(this, options);
    Object.assign(window, { device });
    return device;
  };
  const { destroy } = GPUDevice.prototype;
  GPUDevice.prototype.destroy = function () {
    log.devicesDestroyed++;
    return destroy.apply(this);
  };
}

/** What the canvas showed last, what was read back, and what the element says of itself. */
function look(page: Page, id: string) {
  return page.$eval(`#${id}`, (node) => {
    const element = node as UnstaticImage;
    const { width, height } = element.canvas;
    const drawn = (window as unknown as { log: Log }).log.drawn[element.id] ?? [];
    const text = element.shadowRoot!.querySelector("[role=alert]")!.textContent;
    return { width, height, drawn, data: Array.from(element.image?.data ?? []), state: element.state, text };
  });
}

/** Elements that left the page free their device after a grace period of some seconds. */
async function freed({ page, log }: OpenPage): Promise<void> {
  await page.waitForFunction("window.log.devicesDestroyed === 1", { timeout: 20_000 });
  expect(await log()).toMatchObject({ devicesOpened: 1, devicesDestroyed: 1 });
}

test("the plain example shows a picture, which is the readback's to the byte, and jumps nowhere", async () => {
  const opened = await open({ file: "src/site/examples/plain/index.html" });
  const { page, errors, log } = opened;
  await page.$eval("unstatic-image", (element) => {
    element.id = "rabbit";
    Object.assign(element, { steps: 4, guidance: 1 }); // begins again
  });
  await opened.heard("done", "rabbit");
  expect((await log()).shifts).toBe(0);
  const { drawn, data, width, height, state } = await look(page, "rabbit");
  expect([width, height, state]).toEqual([32, 32, "done"]);
  expect(differing(drawn, data)).toBe(0);
  expect(new Set(drawn).size).toBeGreaterThan(20);
  expect(differing(await onScreen(page, "#rabbit", 32), data)).toBe(0);
  const canvas = await page.$("unstatic-image >>> canvas");
  expect(await canvas!.evaluate((node) => [node.getAttribute("role"), node.getAttribute("aria-label")])).toEqual([
    "img",
    "A drawing of a rabbit",
  ]);
  expect(errors).toEqual([]);
  await page.close();
});

test("two elements: one device, one download; Enter, cancel and removal", async () => {
  const body = `<unstatic-image id="a" ${QUICK} seed="7"></unstatic-image>
    <unstatic-image id="b" ${QUICK} seed="8" show="x0"></unstatic-image>`;
  const opened = await open({ body });
  const { page, errors, log, heard } = opened;
  await heard("done", "a", "b");
  expect(server.requests.filter((path) => path === WEIGHTS)).toHaveLength(1);
  const [a, b] = [await look(page, "a"), await look(page, "b")];
  expect(differing(a.drawn, a.data)).toBe(0);
  expect(differing(b.drawn, b.data)).toBe(0);
  expect(differing(a.drawn, b.drawn)).toBeGreaterThan(100);
  // One after the other, step by step.
  expect((await log()).events).toEqual(["a", "b"].flatMap((id) => [...Array(4).fill(`step ${id}`), `done ${id}`]));

  await page.focus("#a");
  await page.keyboard.press("Enter");
  await page.waitForFunction('window.log.events.filter((line) => line === "done a").length === 2', { timeout: 60_000 });
  expect(differing((await look(page, "a")).drawn, a.drawn)).toBe(0); // the same seed

  const cancelled = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    element.steps = 24;
    const run = element.generate().catch((error: Error) => error.name);
    await new Promise((resolve) => element.addEventListener("step", resolve, { once: true }));
    const start = performance.now();
    const answer = element.cancel().then(() => performance.now() - start);
    return { name: await run, rejectedMs: performance.now() - start, endedMs: await answer, state: element.state };
  });
  expect(cancelled).toMatchObject({ name: "AbortError", state: "idle" });
  expect(cancelled.rejectedMs).toBeLessThan(100);
  expect(cancelled.endedMs).toBeLessThan(3_000); // the step that was on the GPU

  await page.$eval("#a", (element) => element.remove());
  await page.$eval("#b", (node) => {
    const element = node as UnstaticImage;
    element.steps = 24;
    element.addEventListener("step", () => element.remove(), { once: true }); // in the middle of a run
  });
  await freed(opened);
  expect((await log()).events.filter((line) => line === "step b")).toHaveLength(5);
  expect(errors).toEqual([]);
  await page.close();
});

test("a device lost in the middle of a run is said, and the next run gets the same picture from another", async () => {
  const { page, log } = await open({
    body: `<unstatic-image id="a" ${QUICK} seed="7" autoplay="off"></unstatic-image>`,
  });
  await page.waitForFunction('customElements.get("unstatic-image")');
  const outcome = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    const first = await element.generate();
    const lose = () => (window as unknown as { device: GPUDevice }).device.destroy();
    element.addEventListener("step", lose, { once: true });
    const error = await element.generate().catch((error: Error) => error.message);
    const { state } = element;
    const second = await element.generate();
    return { error, state, same: first.images[0]!.data.join() === second.images[0]!.data.join() };
  });
  expect(outcome.error).toMatch(/^the device was lost/);
  expect(outcome).toMatchObject({ state: "error", same: true });
  expect((await log()).devicesOpened).toBe(2);
  expect(server.requests.filter((path) => path === WEIGHTS)).toHaveLength(1);
  await page.close();
});

test("the library alone draws a whole generation on a canvas of one's own", async () => {
  const { page } = await open({ body: "" });
  const [drawn, data] = await page.evaluate(async (address) => {
    const content = `import { load } from "${address}dist/index.js"; window.load = load;`;
    document.head.append(Object.assign(document.createElement("script"), { type: "module", textContent: content }));
    while (!("load" in window)) await new Promise((resolve) => setTimeout(resolve, 20));
    const { load } = window as unknown as typeof import("../../src/index");
    const model = await load("weights/doodle");
    const canvas = new OffscreenCanvas(32, 32);
    const copy = new OffscreenCanvas(32, 32).getContext("2d")!;
    const onProgress = () => copy.drawImage(canvas, 0, 0);
    const { images } = await model.generate({ prompt: "star", steps: 2, guidance: 1, seed: 3, canvas, onProgress });
    model.destroy();
    return [copy.getImageData(0, 0, 32, 32).data, images[0]!.data].map((bytes) => Array.from(bytes)) as number[][];
  }, server.address);
  expect(new Set(data).size).toBeGreaterThan(20);
  expect(differing(drawn!, data!)).toBe(0);
  await page.close();
});

test("nothing is fetched before it is seen; a wrong src is said and sent", async () => {
  const body = `<p style="height: 3000px"></p><unstatic-image id="a" src="weights/nothing"></unstatic-image>`;
  const { page, heard } = await open({ body });
  await page.waitForFunction('customElements.get("unstatic-image")');
  expect(server.requests.filter((path) => path !== "page.html")).toEqual(["dist/element.js"]);
  await page.$eval("#a", (element) => element.scrollIntoView());
  await heard("error", "a");
  const { state, text } = await look(page, "a");
  expect(state).toBe("error");
  expect(text).toMatch(/weights\/nothing: must be a diffusers folder/);
  await page.close();
});

test("where only the GPU may draw, the page's own words stand in without WebGPU, and nothing is downloaded", async () => {
  const body = `<unstatic-image id="a" ${QUICK} device="gpu"><p id="words" slot="no-webgpu">A rabbit.</p></unstatic-image>`;
  const { page, errors, heard } = await open({ body }, (page) =>
    page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, "gpu", { value: undefined })),
  );
  await heard("error", "a");
  expect((await look(page, "a")).state).toBe("unsupported");
  expect(await page.$eval("#words", (element) => element.checkVisibility())).toBe(true);
  expect(server.requests.filter((path) => path.startsWith("weights/"))).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
});

test("who prefers reduced motion sees the last picture alone", async () => {
  const { page, heard } = await open(
    { body: `<unstatic-image id="a" ${QUICK} autoplay="off"></unstatic-image>` },
    (page) => page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]),
  );
  await page.waitForFunction('customElements.get("unstatic-image")');
  const widths = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    const seen: number[] = [];
    element.addEventListener("step", () => seen.push(element.canvas.width));
    await element.generate();
    return seen;
  });
  await heard("done", "a");
  expect(widths).toEqual([1, 1, 1, 32]);
  await page.close();
});
