/** `<unstatic-image worker>`: loading, compiling, encoding and drawing leave the page's thread, and nothing else changes. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page, WebWorker } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { launchBrowser } from "../support/browser";
import { buildLibrary } from "../support/library";
import { differing, onScreen } from "../support/screen";
import { type StaticServer, serveFolder } from "../support/static_server";

const ROOT = join(import.meta.dirname, "../..");
const WEIGHTS = "weights/doodle/unet/diffusion_pytorch_model.safetensors";
const QUICK = 'src="weights/doodle" prompt="rabbit" steps="4" guidance="1"';

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

/** What a page of these tests records about itself. */
interface Log {
  events: string[];
  /** Milliseconds between two frames, at most. */
  longestFrame: number;
  /** What the page itself gave to a GPU. */
  submits: number;
}

interface OpenPage {
  readonly page: Page;
  readonly errors: string[];
  readonly log: () => Promise<Log>;
  readonly heard: (event: string, ...ids: string[]) => Promise<unknown>;
}

async function open(body: string): Promise<OpenPage> {
  const head = '<link rel="icon" href="data:,"><script type="module" src="dist/element.js"></script>';
  server.pages.set("worker.html", `<!doctype html><html lang="en"><title>Test</title>${head}${body}`);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && errors.push(message.text()));
  await page.evaluateOnNewDocument(record);
  server.requests.length = 0;
  await page.goto(`${server.address}worker.html`);
  await page.waitForFunction('customElements.get("unstatic-image")');
  const heard = (event: string, ...ids: string[]) =>
    page.waitForFunction(
      (wanted) => wanted.every((line) => (window as unknown as { log: Log }).log.events.includes(line)),
      { timeout: 100_000 },
      ids.map((id) => `${event} ${id}`),
    );
  return { page, errors, log: () => page.evaluate("window.log") as Promise<Log>, heard };
}

/** Runs in the page, before its own scripts. */
function record(): void {
  const log: Log = { events: [], longestFrame: 0, submits: 0 };
  Object.assign(window, { log });
  for (const type of ["step", "done", "error"]) {
    document.addEventListener(type, ({ target }) => log.events.push(`${type} ${(target as HTMLElement).id}`), true);
  }
  let last = performance.now();
  const frame = () => {
    const now = performance.now();
    log.longestFrame = Math.max(log.longestFrame, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (commands) {
    log.submits++;
    return submit.call(this, commands);
  };
}

const imageOf = (page: Page, id: string) =>
  page.$eval(`#${id}`, (node) => Array.from((node as UnstaticImage).image!.data));

const stateOf = (page: Page, id: string) => page.$eval(`#${id}`, (node) => (node as UnstaticImage).state);

/** Counts in the worker what it gives to the GPU, from now on. */
async function countSubmits(worker: WebWorker): Promise<() => Promise<number>> {
  await worker.evaluate(() => {
    const counts = { submits: 0 };
    Object.assign(self, { counts });
    const { submit } = GPUQueue.prototype;
    GPUQueue.prototype.submit = function (commands) {
      counts.submits++;
      return submit.call(this, commands);
    };
  });
  return () => worker.evaluate("counts.submits") as Promise<number>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("the picture is the page's to the byte, and the page has no part in it", async () => {
  const onPage = await open(`<unstatic-image id="a" ${QUICK} seed="7"></unstatic-image>`);
  await onPage.heard("done", "a");
  const expected = await imageOf(onPage.page, "a");
  const busy = await onPage.log();
  await onPage.page.close();

  const opened = await open(`<unstatic-image id="a" ${QUICK} seed="7" worker></unstatic-image>`);
  const { page, errors, log, heard } = opened;
  await heard("done", "a");
  expect(differing(await imageOf(page, "a"), expected)).toBe(0);
  expect(new Set(expected).size).toBeGreaterThan(20);
  expect(differing(await onScreen(page, "#a", 32), expected)).toBe(0);
  expect(page.workers()).toHaveLength(1);
  expect(server.requests.filter((path) => /engine|shaders/.test(path))).toEqual([]);

  const free = await log();
  expect(busy.submits).toBeGreaterThan(4);
  expect(free.submits).toBe(0);
  // A software adapter keeps the cores busy for both, so that this cannot be held to much.
  expect(free.longestFrame).toBeLessThan(Math.max(2 * busy.longestFrame, 1_000));
  expect(errors).toEqual([]);
  await page.close();
});

test("two elements share a worker and a download; cancelling is heard within a submit; removal ends the worker", async () => {
  const two = ["a", "b"].map((id, i) => `<unstatic-image id="${id}" ${QUICK} seed="${7 + i}" worker></unstatic-image>`);
  const { page, errors, log, heard } = await open(two.join(""));
  await heard("done", "a", "b");
  expect(server.requests.filter((path) => path === WEIGHTS)).toHaveLength(1);
  expect(page.workers()).toHaveLength(1);
  const pictures = [await imageOf(page, "a"), await imageOf(page, "b")];
  for (const [i, id] of ["a", "b"].entries())
    expect(differing(await onScreen(page, `#${id}`, 32), pictures[i]!)).toBe(0);
  expect(differing(pictures[0]!, pictures[1]!)).toBeGreaterThan(100);
  expect((await log()).events).toEqual(["a", "b"].flatMap((id) => [...Array(4).fill(`step ${id}`), `done ${id}`]));

  const submits = await countSubmits(page.workers()[0]!);
  const cancelled = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    const run = element.generate({ steps: 500 }).catch((error: Error) => error.name);
    await new Promise((resolve) => element.addEventListener("step", resolve, { once: true }));
    await element.cancel();
    return { name: await run, state: element.state };
  });
  expect(cancelled).toEqual({ name: "AbortError", state: "idle" });
  const before = await submits();
  expect(before).toBeGreaterThan(0);
  await pause(1_000);
  expect((await submits()) - before).toBeLessThanOrEqual(1);
  await page.$eval("#a", (node) => (node as UnstaticImage).generate());
  expect(await imageOf(page, "a")).toEqual(pictures[0]);
  expect(differing(await onScreen(page, "#a", 32), pictures[0]!)).toBe(0);

  await page.$eval("#a", (element) => element.remove());
  await page.$eval("#b", (node) => {
    const element = node as UnstaticImage;
    element.addEventListener("step", () => element.remove(), { once: true });
    element.steps = 500; // removed in the middle of a run
  });
  await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
  expect(errors).toEqual([]);
  await page.close();
});

test("an element that moves between page and worker draws the same on a canvas of its own for each", async () => {
  const { page, errors } = await open(`<unstatic-image id="a" ${QUICK} seed="7" autoplay="off"></unstatic-image>`);
  const draw = (where: Partial<Pick<UnstaticImage, "worker" | "device">>) =>
    page.$eval(
      "#a",
      async (node, where) => {
        const { images, report } = await Object.assign(node as UnstaticImage, where).generate();
        return { data: Array.from(images[0]!.data), adapter: report.adapter };
      },
      where,
    );
  const onPage = await draw({});
  const inWorker = await draw({ worker: true });
  const onCpu = await draw({ device: "cpu" });
  expect(inWorker).toEqual(onPage);
  expect(onCpu.adapter).toBe("CPU (TypeScript)");
  expect(Math.max(...onCpu.data.map((byte, i) => Math.abs(byte - onPage.data[i]!)))).toBeLessThanOrEqual(1);
  expect(await draw({ worker: false, device: "gpu" })).toEqual(onPage);
  expect(differing(await onScreen(page, "#a", 32), onPage.data)).toBe(0);
  expect(await page.$$eval("unstatic-image >>> canvas", (all) => all.length)).toBe(1);
  await page.click("#a"); // the canvas of the last is clicked as the first one was
  expect(await stateOf(page, "a")).not.toBe("done");
  await page.waitForFunction('document.getElementById("a").state === "done"', { timeout: 60_000 });
  expect(errors).toEqual([]);
  await page.close();
});

test("where workers have no WebGPU, the CPU draws, or with device=gpu nothing", async () => {
  const script = await readFile(join(ROOT, "dist/gpu_worker.js"), "utf8");
  const without = 'Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined });';
  server.pages.set("dist/gpu_worker.js", without + script);
  const { page, errors, heard } = await open(
    `<unstatic-image id="a" ${QUICK} seed="7" worker></unstatic-image>
     <unstatic-image id="b" ${QUICK} seed="7" worker device="gpu"></unstatic-image>`,
  );
  await heard("error", "b");
  expect(await stateOf(page, "b")).toBe("unsupported");
  await heard("done", "a");
  const note = await page.$eval(
    "#a",
    (node) => node.shadowRoot!.querySelector<HTMLElement>("[part=on-cpu]")!.innerText,
  );
  expect(note).toBe("Drawn by the CPU, without WebGPU");
  expect(page.workers()).toHaveLength(1);
  expect(errors).toEqual([]);
  server.pages.delete("dist/gpu_worker.js");
  await page.close();
});

test("the package's own function draws on the page's canvases, and says what it cannot do", async () => {
  const { page, errors } = await open(
    `<canvas id="whole" width="32" height="32"></canvas><canvas id="steps" width="32" height="32"></canvas>
     <script type="module">import { loadInWorker } from "./dist/worker.js"; Object.assign(window, { loadInWorker })</script>`,
  );
  await page.waitForFunction("window.loadInWorker");
  const outcome = await page.evaluate(async () => {
    const { loadInWorker } = window as unknown as typeof import("../../src/worker/remote_model");
    const phases = new Set<string>();
    const model = await loadInWorker("weights/doodle", { device: "gpu", onProgress: (phase) => phases.add(phase) });
    Object.assign(window, { model });
    const options = { prompt: "star", steps: 2, guidance: 1, seed: 3 };
    const nameOf = (error: Error) => error.name;
    const [whole, steps] = ["whole", "steps"].map((id) => document.getElementById(id) as HTMLCanvasElement);
    const done: number[] = [];
    const { images } = await model.generate({ ...options, canvas: whole!, onProgress: (count) => done.push(count) });
    const seen: number[][] = [];
    for await (const step of model.denoise(options)) {
      step.draw(steps!);
      seen.push(Array.from((await step.x())[0]!.data));
    }
    const mistakes: string[] = [];
    const wrong = model.denoise(options);
    const { value: first } = await wrong.next();
    if (first && "draw" in first) first.draw(steps!, "x", 5); // there is one picture
    mistakes.push(
      await wrong.next().then(
        () => "none",
        ({ name, message }: Error) => `${name}: ${message}`,
      ),
    );
    mistakes.push(await model.generate({ ...options, steps: 0 }).then(() => "none", nameOf));
    return { phases: [...phases], whole: Array.from(images[0]!.data), seen, mistakes, done: done.at(-1) };
  });
  expect(outcome.phases.sort()).toEqual(["compile", "load"]);
  expect(outcome.done).toBe(2);
  expect(outcome.mistakes).toEqual(["InputError: draw: image must be a number from 0 to 0, got 5", "InputError"]);
  expect(outcome.seen).toHaveLength(2);
  expect(outcome.seen[1]).toEqual(outcome.whole);
  expect(differing(await onScreen(page, "#whole", 32), outcome.whole)).toBe(0);

  // A canvas that the page gives up is given up in the worker.
  const worker = page.workers()[0]!;
  await worker.evaluate(() => {
    const heard: string[] = [];
    Object.assign(self, { heard });
    self.addEventListener("message", ({ data }) => heard.push(data.type));
  });
  await page.evaluate(() => document.getElementById("whole")!.remove());
  const session = await page.createCDPSession();
  await expect
    .poll(
      async () => {
        await session.send("HeapProfiler.collectGarbage");
        return worker.evaluate("heard");
      },
      { timeout: 20_000 },
    )
    .toEqual(["forget"]);

  const late = await page.evaluate(async () => {
    const { model } = window as unknown as { model: import("../../src/worker/remote_model").RemoteModel };
    model.destroy();
    return model.generate().then(
      () => "none",
      ({ name, message }: Error) => `${name}: ${message}`,
    );
  });
  expect(late).toBe("InputError: doodle: the model was destroyed; load it again");
  expect(errors).toEqual([]);
  await page.close();
});
