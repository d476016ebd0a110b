/** What a page costs: the counting and the moments, on a page whose costs are known. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "puppeteer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { markdownTable } from "../../bench/markdown";
import { type CountingServer, serve } from "../../bench/page/server";
import { quietSince, type Visit, visit } from "../../bench/page/visit";
import { launchBrowser } from "../support/browser";

/** Text at once, a task of 300 ms, then a step and, 200 ms later, the picture. */
const PAGE = `<!doctype html><link rel="icon" href="data:,"><p>Here</p><unstatic-image></unstatic-image>
<script>
  const tell = (name) => document.querySelector("unstatic-image").dispatchEvent(new Event(name));
  setTimeout(async () => {
    for (const end = performance.now() + 300; performance.now() < end; );
    await (await fetch("model.safetensors")).arrayBuffer();
    tell("step");
    setTimeout(() => tell("done"), 200);
  }, 100);
</script>`;
const MODEL_BYTES = 5000;

let folder: string;
let server: CountingServer;
let browser: Browser;
let first: Visit;
let next: Visit;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unstatic-page-"));
  await writeFile(join(folder, "index.html"), PAGE);
  await writeFile(join(folder, "model.safetensors"), new Uint8Array(MODEL_BYTES));
  server = await serve(folder);
  browser = await launchBrowser();
  first = await visit(browser, server, "index.html");
  next = await visit(browser, server, "index.html");
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  await rm(folder, { recursive: true });
});

test("a first visit fetches the page, compressed, and the model as it is; the next one asks and fetches nothing", () => {
  expect(first.traffic).toEqual({ code: expect.any(Number), fonts: 0, model: MODEL_BYTES, requests: 2 });
  expect(first.traffic.code).toBeGreaterThan(0);
  expect(first.traffic.code).toBeLessThan(PAGE.length);
  expect(next.traffic).toEqual({ code: 0, fonts: 0, model: 0, requests: 2 });
});

test("it can be used after its long task, and has its picture after its first step", () => {
  for (const { ms } of [first, next]) {
    expect(ms.interactive).toBeGreaterThanOrEqual(400);
    expect(ms.interactive).toBeLessThanOrEqual(ms.firstStep);
    expect(ms.picture - ms.firstStep).toBeGreaterThanOrEqual(199);
    expect(ms.firstPaint).toBeGreaterThan(0);
  }
});

test.each<{ busy: [number, number][]; since: number; why: string }>([
  { busy: [], since: 50, why: "nothing ever ran" },
  {
    busy: [
      [100, 400],
      [3000, 3100],
      [9000, 9100],
    ],
    since: 3100,
    why: "what comes after five quiet seconds does not count",
  },
  {
    busy: [
      [10, 400],
      [5400, 5500],
    ],
    since: 400,
    why: "exactly five seconds are enough",
  },
])("$why", ({ busy, since }) => {
  expect(quietSince(50, busy)).toBe(since);
});

test("tables are what a README understands", () => {
  expect(markdownTable(["name", "ms"], [["a", "1"]])).toBe("| name | ms |\n|---|---:|\n| a | 1 |");
});
