/** A large file on its way to a page that is loaded again: what had arrived is kept, and versions never mix. */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type BrowserSession, openBrowser } from "../support/browser";

const MIB = 2 ** 20;
const LENGTH = 21 * MIB + 5;
const FIRST = randomBytes(LENGTH);
const SECOND = randomBytes(LENGTH);

/** What the server answers with. */
let content = FIRST;
let etag = '"first"';
/** Bytes after which the connection hangs; all of them where it is undefined. */
let stallsAfter: number | undefined;
/** Called before each range is answered. */
let beforeRange = () => {};
/** The `Range` of each request; undefined where all was asked for. */
let ranges: (string | undefined)[] = [];

let session: BrowserSession;
let server: Server;
let address: string;
beforeAll(async () => {
  session = await openBrowser();
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await session?.close();
  server?.closeAllConnections();
  server?.close();
});
beforeEach(() => {
  content = FIRST;
  etag = '"first"';
  stallsAfter = undefined;
  beforeRange = () => {};
  ranges = [];
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const shared = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "*",
    "access-control-expose-headers": "etag, content-range",
  };
  if (request.method === "OPTIONS") return void response.writeHead(204, shared).end();
  const { range } = request.headers;
  ranges.push(range);
  if (range) beforeRange();
  const from = range ? Number(/\d+/.exec(range)![0]) : 0;
  const body = content.subarray(from);
  response.writeHead(range ? 206 : 200, {
    ...shared,
    etag,
    "content-length": body.length,
    ...(range && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  response.write(body.subarray(0, stallsAfter ?? body.length));
  if (stallsAfter === undefined) response.end();
}

/** Begins to read the file in the page, as a checkpoint does; its digest, or what went wrong, is `window.result` then. */
async function read(page: Page, name: string): Promise<void> {
  // A text, since a function would be changed for the tests' own modules.
  await page.evaluate(`import("/src/checkpoint/url_source.ts").then((module) => Object.assign(window, module))`);
  await page.evaluate(
    (url, length) => {
      const { urlSource } = window as unknown as typeof import("../../src/checkpoint/url_source");
      const digestOf = async (bytes: Uint8Array) => {
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
        return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      };
      const result = urlSource(url).read(0, length).then(digestOf, String);
      Object.assign(window, { done: false, result });
      result.finally(() => Object.assign(window, { done: true }));
    },
    address + name,
    LENGTH,
  );
}

async function resultOf(page: Page): Promise<string> {
  await page.waitForFunction("window.done", { timeout: 60_000 });
  return page.evaluate("window.result") as Promise<string>;
}

async function partsIn(page: Page): Promise<number> {
  return page.evaluate(async () => (await (await caches.open("unstatic-parts")).keys()).length);
}

/** A page that has kept 12 MiB of the file, loaded again while the rest was on its way. */
async function reloaded(name: string): Promise<Page> {
  const page = await session.newPage();
  await page.evaluate(() => caches.delete("unstatic-parts"));
  stallsAfter = 13 * MIB;
  await read(page, name);
  await expect.poll(() => partsIn(page), { timeout: 20_000 }).toBe(3);
  stallsAfter = undefined;
  await page.reload();
  return page;
}

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("only the rest is asked for, and the parts go once the file is kept as a whole", async () => {
  const page = await reloaded("same");
  await read(page, "same");
  expect(await resultOf(page)).toBe(digestOf(FIRST));
  expect(ranges).toEqual([undefined, undefined, `bytes=${12 * MIB}-`]);
  expect(await partsIn(page)).toBe(0);
  await page.close();
});

test("another version is read from its beginning, and is nothing but itself", async () => {
  const page = await reloaded("changed");
  content = SECOND;
  etag = '"second"';
  await read(page, "changed");
  expect(await resultOf(page)).toBe(digestOf(SECOND));
  expect(ranges).toEqual([undefined, undefined]);
  expect(await partsIn(page)).toBe(0);
  await page.close();
});

test("a file that changes before the rest of it comes is an error", async () => {
  const page = await reloaded("changing");
  beforeRange = () => {
    content = SECOND;
    etag = '"second"';
  };
  await read(page, "changing");
  expect(await resultOf(page)).toContain("must stay the same while it is read, got another version of it");
  await page.close();
});

test("a server whose tags promise no equal bytes has nothing kept", async () => {
  const page = await session.newPage();
  await page.evaluate(() => caches.delete("unstatic-parts"));
  etag = 'W/"first"';
  await read(page, "weak");
  expect(await resultOf(page)).toBe(digestOf(FIRST));
  expect(await partsIn(page)).toBe(0);
  await page.close();
});
