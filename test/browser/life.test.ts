/** A page that lives long: memory stays flat, downloads survive a broken connection, visits find the weights again. */
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnstaticImage } from "../../src/element/unstatic_image";
import { launchBrowser } from "../support/browser";
import { type Hub, serveHub } from "../support/hub";
import { buildLibrary } from "../support/library";
import { type StaticServer, serveFolder } from "../support/static_server";

const ROOT = join(import.meta.dirname, "../..");
const STORED = "/store/unet/diffusion_pytorch_model.safetensors";

/** Bytes that a browser takes for itself over a hundred generations. One picture kept of each would be four times as much. */
const HEAP_GROWTH = 96 * 1024;

let server: StaticServer;
let hub: Hub;
let browser: Browser;
beforeAll(async () => {
  await buildLibrary();
  server = await serveFolder(ROOT);
  hub = await serveHub(join(ROOT, "weights/doodle"));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await hub?.close();
});

async function open(body: string, prepare: () => void = () => {}): Promise<{ page: Page; errors: string[] }> {
  const head = '<link rel="icon" href="data:,"><script type="module" src="dist/element.js"></script>';
  server.pages.set("life.html", `<!doctype html><html lang="en"><title>Test</title>${head}${body}`);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.evaluateOnNewDocument(prepare);
  await page.goto(`${server.address}life.html`);
  await page.waitForFunction('customElements.get("unstatic-image")');
  return { page, errors };
}

/** Runs in the page, before its own scripts, or in a worker: counts what is made and lives on the GPU. */
function countBuffers(): void {
  const live = new Map<GPUBuffer, number>();
  Object.assign(globalThis, { live: () => [live.size, [...live.values()].reduce((sum, bytes) => sum + bytes, 0)] });
  const { createBuffer, destroy: destroyDevice } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    live.set(buffer, descriptor.size);
    return buffer;
  };
  GPUDevice.prototype.destroy = function () {
    live.clear(); // there is one device on these pages
    return destroyDevice.call(this);
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    live.delete(this);
    return destroy.call(this);
  };
}

test("a hundred generations leave GPU memory and the heap as they were; removal in a run's middle frees all", async () => {
  const { page, errors } = await open(
    `<unstatic-image id="a" src="test/fixtures/unets/doodle" class-label="1" guidance="1" steps="1" seed="3"
       autoplay="off"></unstatic-image>`,
    countBuffers,
  );
  const session = await page.createCDPSession();
  const look = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const [buffers, bytes] = (await page.evaluate("live()")) as [number, number];
    return { buffers, bytes, heap: (await page.metrics()).JSHeapUsedSize! };
  };
  const generate = (times: number) =>
    page.$eval(
      "#a",
      async (node, count) => {
        for (let i = 0; i < count; i++) await (node as UnstaticImage).generate({ seed: i });
      },
      times,
    );
  await generate(60); // by then the browser has compiled what it will compile
  const before = await look();
  await generate(100);
  const after = await look();
  expect(before.buffers).toBeGreaterThan(3);
  expect([after.buffers, after.bytes]).toEqual([before.buffers, before.bytes]);
  expect(after.heap - before.heap).toBeLessThan(HEAP_GROWTH);

  const outcome = await page.$eval("#a", async (node) => {
    const element = node as UnstaticImage;
    const run = element.generate({ steps: 500 }).catch((error: Error) => error.name);
    await new Promise((resolve) => element.addEventListener("step", resolve, { once: true }));
    element.remove();
    return run;
  });
  expect(outcome).toBe("AbortError");
  await page.waitForFunction("live()[0] === 0", { timeout: 20_000 });
  expect(errors).toEqual([]);
  await page.close();
});

test("a hundred generations in a worker leave its GPU memory and its heap as they were, and the page's", async () => {
  const { page, errors } = await open(
    `<unstatic-image id="a" src="test/fixtures/unets/doodle" class-label="1" guidance="1" steps="1" seed="3"
       autoplay="off" worker></unstatic-image>`,
  );
  const generate = (times: number) =>
    page.$eval(
      "#a",
      async (node, count) => {
        for (let i = 0; i < count; i++) await (node as UnstaticImage).generate({ seed: i, steps: 2 });
      },
      times,
    );
  // Before it there is no worker; what a run of another number of steps needs is made anew, and counted.
  await page.$eval("#a", (node) => (node as UnstaticImage).generate());
  const worker = page.workers()[0]!;
  await worker.evaluate(countBuffers);
  const sessions = [await page.createCDPSession(), worker.client];
  const look = async () => {
    const heaps: number[] = [];
    for (const session of sessions) {
      await session.send("HeapProfiler.collectGarbage");
      heaps.push((await session.send("Runtime.getHeapUsage")).usedSize);
    }
    return { live: (await worker.evaluate("live()")) as [number, number], heaps };
  };
  await generate(60);
  const before = await look();
  await generate(100);
  const after = await look();
  expect(before.live[0]).toBeGreaterThan(3);
  expect(after.live).toEqual(before.live);
  for (const [i, heap] of after.heaps.entries()) expect(heap - before.heaps[i]!).toBeLessThan(HEAP_GROWTH);
  await page.$eval("#a", (element) => element.remove());
  await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);
  expect(errors).toEqual([]);
  await page.close();
});

test("a download from the hub is resumed where it broke, and the next visit needs none", async () => {
  const { page, errors } = await open(
    '<script type="module">import { load } from "./dist/index.js"; window.load = load;</script>',
  );
  await page.waitForFunction("window.load");
  const draw = () =>
    page.evaluate(async (hubAddress) => {
      const { load } = window as unknown as typeof import("../../src/index");
      const model = await load("hf:owner/doodle", { hub: hubAddress });
      const { images, report } = await model.generate({ prompt: "rabbit", steps: 1, guidance: 1, seed: 7 });
      model.destroy();
      return { data: Array.from(images[0]!.data), ms: report.ms };
    }, hub.address);
  hub.breaks.push(1_800_000);
  const first = await draw();
  const ofStore = hub.requests.filter((line) => line.startsWith(STORED));
  expect(ofStore[0]).toBe(`${STORED} whole`);
  const [, from] = /bytes=(\d+)-$/.exec(ofStore[1]!)!;
  expect(Number(from)).toBeGreaterThan(0);
  expect(Number(from)).toBeLessThanOrEqual(1_800_000);
  expect(ofStore).toHaveLength(2);
  const { load, compile, firstStep, firstPicture } = first.ms;
  expect(firstPicture).toBeCloseTo(load + compile + firstStep, 6);

  // Whoever took anything from the connection now would come back for the rest.
  hub.requests.length = 0;
  hub.breaks.push(1_000);
  const again = await draw();
  expect(again.data).toEqual(first.data);
  expect(hub.requests.filter((line) => line.startsWith(STORED))).toEqual([`${STORED} whole`]);
  expect(errors).toEqual([]);
  await page.close();
});
