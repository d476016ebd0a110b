/** `<unstatic-image>` in a browser that has no WebGPU: the CPU path draws, in a worker, and the element says so. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { load } from "../../src/index";
import { launchBrowser, PLAIN_HOST } from "../support/browser";
import { buildLibrary } from "../support/library";
import { differing, onScreen } from "../support/screen";
import { type StaticServer, serveFolder } from "../support/static_server";

const WEIGHTS = "weights/doodle/unet/diffusion_pytorch_model.safetensors";
const QUICK = 'src="weights/doodle" prompt="rabbit" steps="4" guidance="1"';

const ROOT = join(import.meta.dirname, "../..");

let server: StaticServer;
let browser: Browser;
beforeAll(async () => {
  await buildLibrary();
  server = await serveFolder(ROOT);
  browser = await launchBrowser({ webgpu: false });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Chromium's own complaint where there is no adapter. */
const NO_ADAPTER = /^Failed to create WebGPU Context Provider/;

/** Opens a page with this body below a sub-path of a plain server. */
async function open(body: string, host = "127.0.0.1"): Promise<{ page: Page; errors: string[] }> {
  const head = '<link rel="icon" href="data:,"><script type="module" src="dist/element.js"></script>';
  server.pages.set("page.html", `<!doctype html><html lang="en"><title>Test</title>${head}${body}`);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    const isWrong = ["error", "warn"].includes(message.type()) && !NO_ADAPTER.test(message.text());
    if (isWrong) errors.push(message.text());
  });
  server.requests.length = 0;
  await page.goto(`${server.address.replace("127.0.0.1", host)}page.html`);
  await page.waitForFunction('customElements.get("unstatic-image")');
  return { page, errors };
}

const inState = (page: Page, id: string, state: string) =>
  page.waitForFunction(
    (id, state) => (document.getElementById(id) as UnstaticImage).state === state,
    { timeout: 60_000 },
    id,
    state,
  );

/** What the element says below its picture; null where it says nothing. */
const noteOf = (page: Page, id: string) =>
  page.$eval(`#${id}`, (node) => {
    const note = node.shadowRoot!.querySelector<HTMLElement>("[part=on-cpu]")!;
    return note.checkVisibility() ? note.innerText : null;
  });

test("the picture of the seed appears, the page stays alive, and the element says what drew it", async () => {
  const two = ["a", "b"].map((id, i) => `<unstatic-image id="${id}" ${QUICK} seed="${7 + i}"></unstatic-image>`);
  const { page, errors } = await open(two.join(""), PLAIN_HOST);
  expect(await page.evaluate("typeof navigator.gpu")).toBe("undefined");
  const frames = page.evaluate(async () => {
    const element = document.getElementById("b") as UnstaticImage;
    let count = 0;
    while (element.state !== "done") {
      await new Promise(requestAnimationFrame);
      count++;
    }
    return count;
  });
  await inState(page, "a", "done");
  await inState(page, "b", "done");
  // Eight steps of arithmetic on the page's own thread would leave a frame or two for each.
  expect(await frames).toBeGreaterThan(40);
  expect(await noteOf(page, "a")).toBe("Drawn by the CPU, without WebGPU");

  using model = await load("weights/doodle");
  const { images } = await model.generate({ prompt: "rabbit", steps: 4, guidance: 1, seed: 7 });
  const data = await page.$eval("#a", (node) => Array.from((node as UnstaticImage).image!.data));
  const expected = Array.from(images[0]!.data);
  expect(Math.max(...data.map((byte, i) => Math.abs(byte - expected[i]!)))).toBeLessThanOrEqual(1);
  await page.addStyleTag({ content: "unstatic-image::part(on-cpu) { visibility: hidden }" }); // it lies on the picture
  expect(differing(await onScreen(page, "#a", 32), data)).toBe(0);

  expect(server.requests.filter((path) => path === WEIGHTS)).toHaveLength(1); // two elements, one model
  expect(page.workers()).toHaveLength(1);
  await page.evaluate(() => document.body.replaceChildren());
  await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
  expect(errors).toEqual([]);
  await page.close();
});

test("cancelling is heard in the middle of a step, and the next picture is another run's", async () => {
  const { page, errors } = await open(`<unstatic-image id="a" ${QUICK} seed="7" autoplay="off"></unstatic-image>`);
  const outcome = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    const phases = new Set<string>();
    element.addEventListener("progress", ({ detail }) => phases.add(detail.phase));
    const run = element.generate({ steps: 500 }).catch((error: Error) => error.name);
    await new Promise((resolve) => element.addEventListener("step", resolve, { once: true }));
    await element.cancel();
    const cancelled = { name: await run, state: element.state };
    const { report, images } = await element.generate();
    return { cancelled, report, width: images[0]!.width, phases: [...phases] };
  });
  expect(outcome.cancelled).toEqual({ name: "AbortError", state: "idle" });
  expect(outcome.report).toMatchObject({ adapter: "CPU (TypeScript)", evaluations: 4 });
  expect(outcome.width).toBe(32);
  expect(outcome.phases.sort()).toEqual(["compile", "denoise", "load"]);
  expect(errors).toEqual([]);
  await page.close();
});

test("errors cross from the worker with their words; what cannot be meant is refused there as here", async () => {
  const { page } = await open(
    `<unstatic-image id="a" src="weights/nothing" autoplay="off"></unstatic-image>
     <unstatic-image id="b" ${QUICK} sampler="eulr" autoplay="off"></unstatic-image>`,
  );
  const failures = await page.evaluate(async () => {
    const elements = ["a", "b"].map((id) => document.getElementById(id) as UnstaticImage);
    return Promise.all(elements.map((element) => element.generate().catch(({ name, message }) => ({ name, message }))));
  });
  expect(failures[0]).toMatchObject({ name: "CheckpointError" });
  expect(failures[1]).toMatchObject({
    name: "InputError",
    message: expect.stringMatching(/a sampler must be one of .*, got "eulr"/),
  });
  await page.close();
});

test("a page that a bundler built finds the worker among its own files", async () => {
  const app = "node_modules/.cache/unstatic/app";
  const element = `<unstatic-image id="a" ${QUICK.replace("weights", `${"../".repeat(5)}weights`)} autoplay="now">`;
  await mkdir(join(ROOT, app), { recursive: true });
  await writeFile(
    join(ROOT, app, "index.html"),
    `<!doctype html><html lang="en"><title>Test</title><link rel="icon" href="data:,">
     <script type="module" src="main.js"></script>${element}</unstatic-image>`,
  );
  await writeFile(join(ROOT, app, "main.js"), 'import "unstatic/element";');
  await build({
    root: join(ROOT, app),
    configFile: false,
    logLevel: "error",
    base: "./",
    resolve: { alias: { "unstatic/element": join(ROOT, "dist/element.js") } },
  });
  const page = await browser.newPage();
  await page.goto(`${server.address}${app}/dist/index.html`);
  await page.waitForFunction('customElements.get("unstatic-image")');
  await inState(page, "a", "done");
  expect(await noteOf(page, "a")).toBe("Drawn by the CPU, without WebGPU");
  await page.close();
});
