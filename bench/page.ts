/**
 * What a page with `<unstatic-image>` costs its visitor: bytes, time to interactive, time to the first picture, on a first
 * visit and on the next. `npm run bench:page [-- <address below the root> ...]`, after `npm run build`.
 *
 * Files come from a server of one's own, compressed as servers do it, so that times are those of the page and not of a
 * network. The browser is the tests', on SwiftShader: pictures come faster where there is a GPU.
 */
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "puppeteer";
import { launchBrowser } from "../test/support/browser.ts";

const ROOT = join(import.meta.dirname, "..");
const EXAMPLE = "src/site/examples/plain/index.html";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

interface Visit {
  readonly page: string;
  readonly visit: "first" | "next";
  /** Bytes of bodies as they crossed the wire: scripts and pages, and the model's files. */
  readonly codeBytes: number;
  readonly modelBytes: number;
  readonly requests: number;
  /** Milliseconds from the navigation on. */
  readonly interactiveMs: number;
  readonly firstPictureMs: number | null;
}

/** What crossed the wire since it was last cleared. */
const sent = { code: 0, model: 0, requests: 0 };

async function serve() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    const path = normalize(decodeURIComponent(pathname)).replace(/\/$/, "/index.html").slice(1);
    const file = join(ROOT, path);
    const status = await stat(file).catch(() => undefined);
    sent.requests++;
    if (!status?.isFile()) return void response.writeHead(404).end();
    const etag = `"${status.size}-${status.mtimeMs}"`;
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
    const type = TYPES[extname(file)];
    const body = type ? gzipSync(await readFile(file), { level: 9 }) : await readFile(file);
    if (/safetensors$|config\.json$|labels\.json$|model_index\.json$/.test(file)) sent.model += body.length;
    else sent.code += body.length;
    const encoding = type ? { "content-encoding": "gzip" } : {};
    const headers = { "content-type": type ?? "application/octet-stream", "content-length": body.length, etag };
    response.writeHead(200, { ...headers, ...encoding, "cache-control": "no-cache" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/** Runs in the page: when the element first showed something, and when the main thread last was busy before it rested. */
function watch(): void {
  const seen = { firstPicture: null as number | null, busyUntil: 0 };
  Object.assign(window, { seen });
  document.addEventListener("step", () => (seen.firstPicture ??= performance.now()), true);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      seen.busyUntil = Math.max(seen.busyUntil, startTime + duration);
  }).observe({ type: "longtask", buffered: true });
}

async function visit(browser: Browser, address: string, path: string, which: Visit["visit"]): Promise<Visit> {
  Object.assign(sent, { code: 0, model: 0, requests: 0 });
  const page: Page = await browser.newPage();
  await page.evaluateOnNewDocument(watch);
  await page.goto(address + path, { waitUntil: "load" });
  const hasElement = (await page.$("unstatic-image")) !== null;
  if (hasElement) await page.waitForFunction("seen.firstPicture !== null", { timeout: 300_000 });
  const { firstPicture, interactive } = (await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    const { seen } = window as unknown as { seen: { firstPicture: number | null; busyUntil: number } };
    // Lighthouse's: content is there, and no task of 50 ms or more has run after it.
    const interactive = Math.max(navigation!.domContentLoadedEventEnd, seen.busyUntil);
    return { firstPicture: seen.firstPicture, interactive };
  })) as { firstPicture: number | null; interactive: number };
  const { code, model, requests } = sent;
  await page.close();
  return {
    page: path,
    visit: which,
    codeBytes: code,
    modelBytes: model,
    requests,
    interactiveMs: Math.round(interactive),
    firstPictureMs: firstPicture === null ? null : Math.round(firstPicture),
  };
}

export async function main(args: readonly string[]): Promise<number> {
  const paths = args.filter((argument) => argument !== "--json");
  if (paths.length === 0) {
    paths.push(EXAMPLE);
    const site = "dist/site/index.html";
    if (await stat(join(ROOT, site)).catch(() => undefined)) paths.push(site);
  }
  const { server, address } = await serve();
  const visits: Visit[] = [];
  for (const path of paths) {
    const browser = await launchBrowser(); // a profile of its own: nothing is cached
    for (const which of ["first", "next"] as const) visits.push(await visit(browser, address, path, which));
    await browser.close();
  }
  server.closeAllConnections();
  server.close();
  if (args.includes("--json")) console.log(JSON.stringify(visits, null, 2));
  else console.table(visits);
  return 0;
}
