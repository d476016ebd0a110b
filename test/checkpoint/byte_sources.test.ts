import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { allocate, type ByteSource, exists, MissingError, memorySource } from "../../src/checkpoint/byte_source";
import { fileSource } from "../../src/checkpoint/file_source";
import { urlSource } from "../../src/checkpoint/url_source";
import { CheckpointError } from "../../src/tensor/check";

/** 20 MiB and 3 bytes: three pieces of 8 MiB, the last of them odd. Byte i is a hash of i, so that a shift shows. */
const DATA = Uint8Array.from({ length: 20 * 2 ** 20 + 3 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function sendRange(bytes: Uint8Array, headers: Record<string, string> = {}): Handler {
  return (request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (first === undefined) return sendWhole(bytes)(request, response);
    const end = Math.min(Number(last) + 1, bytes.length);
    if (Number(first) >= bytes.length) return void response.writeHead(416).end();
    response.writeHead(206, { "content-range": `bytes ${first}-${end - 1}/${bytes.length}`, ...headers });
    response.end(bytes.subarray(Number(first), end));
  };
}

function sendWhole(bytes: Uint8Array): Handler {
  return (_, response) => void response.writeHead(200, { "content-length": bytes.length }).end(bytes);
}

const handlers = new Map<string, Handler>([
  ["/ranged", sendRange(DATA)],
  ["/whole", sendWhole(DATA)],
  ["/empty", sendRange(new Uint8Array())],
  ["/page", (_, response) => void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<p>")],
  ["/gone", (_, response) => void response.writeHead(410).end()],
  ["/private", (_, response) => void response.writeHead(401).end()],
  ["/broken", (_, response) => void response.writeHead(500).end()],
  [
    "/hidden",
    (request, response) => {
      // As seen across origins that do not expose Content-Range.
      if (request.headers.range === undefined) return sendWhole(DATA)(request, response);
      response.writeHead(206).end(DATA.subarray(0, 8 * 2 ** 20));
    },
  ],
  ["/wrong", (_, response) => void response.writeHead(206, { "content-range": "bytes 0-7/100" }).end("four")],
  [
    "/shifted",
    (_, response) => void response.writeHead(206, { "content-range": "bytes 10-109/100" }).end(new Uint8Array(100)),
  ],
  [
    "/cut",
    (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("ten bytes.", () => response.destroy());
    },
  ],
]);

const log: string[] = [];
const server = createServer((request, response) => {
  log.push(`${request.url} ${request.headers.range ?? "whole"}`);
  const handler = handlers.get(request.url ?? "") ?? ((_, missing) => void missing.writeHead(404).end());
  handler(request, response);
});
let base = "";
let folder = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = await mkdtemp(`${tmpdir()}/unstatic-`);
  await writeFile(`${folder}/data`, DATA);
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe.each(["memory", "file", "ranged", "whole", "hidden"])("%s", (kind) => {
  const source = (): ByteSource => {
    if (kind === "memory") return memorySource(DATA, "memory");
    return kind === "file" ? fileSource(`${folder}/data`) : urlSource(`${base}/${kind}`);
  };

  test("gives the size and any range", async () => {
    const bytes = source();
    expect(await bytes.size()).toBe(DATA.length);
    // Within one piece, across a boundary, across two, the odd end, nothing, everything.
    const piece = 8 * 2 ** 20;
    for (const [offset, length] of [
      [1, 10],
      [piece - 1, 2],
      [piece - 5, piece + 10],
      [DATA.length - 1, 1],
      [7, 0],
      [DATA.length, 0],
      [0, DATA.length],
    ] as const) {
      const part = await bytes.read(offset, length);
      expect(Buffer.compare(part, DATA.subarray(offset, offset + length)), `${length} bytes from ${offset}`).toBe(0);
    }
  });

  test("refuses what lies outside", async () => {
    const bytes = source();
    for (const [offset, length] of [
      [DATA.length, 1],
      [0, DATA.length + 1],
      [-1, 2],
      [0.5, 1],
      [0, -1],
      [2 ** 53, 2 ** 53],
      [Number.NaN, 1],
    ] as const)
      await expect(bytes.read(offset, length)).rejects.toThrow(CheckpointError);
  });
});

describe("files", () => {
  test("a missing file and a folder are answers, not failures", async () => {
    expect(await exists(fileSource(`${folder}/none`))).toBe(false);
    expect(await exists(fileSource(`${folder}/data/below`))).toBe(false);
    expect(await exists(fileSource(folder))).toBe(false);
    await expect(fileSource(`${folder}/none`).read(0, 1)).rejects.toThrow(MissingError);
    await expect(fileSource(folder).size()).rejects.toThrow("must be a file, got a folder");
  });

  test("a file that shrank since it was listed", async () => {
    const path = `${folder}/shrinking`;
    await writeFile(path, new Uint8Array(100));
    const source = fileSource(path);
    await truncate(path, 50);
    await expect(source.read(0, 100)).rejects.toThrow(
      "a range must lie within the file's 50 bytes, got 100 bytes from byte 0",
    );
  });

  test("reads that return less than asked are continued, up to the end of the file", async () => {
    const handle = await open(`${folder}/data`);
    const prototype = Object.getPrototypeOf(handle);
    const read = prototype.read;
    await handle.close();
    const source = fileSource(`${folder}/data`);
    const spy = vi.spyOn(prototype, "read");
    spy.mockImplementation(function (this: unknown, bytes: unknown, at: unknown, length: unknown, position: unknown) {
      return read.call(this, bytes, at, Math.min(Number(length), 7), position);
    });
    expect(Buffer.compare(await source.read(100, 50), DATA.subarray(100, 150))).toBe(0);
    spy.mockResolvedValueOnce({ bytesRead: 3 }).mockResolvedValueOnce({ bytesRead: 0 });
    await expect(source.read(100, 50)).rejects.toThrow("must have 50 bytes from byte 100, got 3 and then the end");
    spy.mockRestore();
  });

  test("a hundred reads at once", async () => {
    const source = fileSource(`${folder}/data`);
    const parts = await Promise.all(Array.from({ length: 100 }, (_, i) => source.read(i * 1000, 1)));
    expect(parts.map((part) => part[0])).toEqual(Array.from({ length: 100 }, (_, i) => DATA[i * 1000]));
  });

  test("more bytes than any machine has", () => {
    expect(() => allocate("f", 2 ** 53 - 1)).toThrow("f: a read must fit into memory, got 9007199254740991 bytes");
  });
});

describe("addresses", () => {
  test("neighbouring reads share one request, far ones ask for their piece only", async () => {
    log.length = 0;
    const source = urlSource(`${base}/ranged`);
    await Promise.all([
      source.read(0, 8),
      source.read(8, 100),
      source.read(9 * 2 ** 20, 4),
      source.read(10 * 2 ** 20, 4),
    ]);
    expect(log).toEqual(["/ranged bytes=0-8388607", "/ranged bytes=8388608-16777215"]);
  });

  test("a server without ranges is asked once", async () => {
    log.length = 0;
    const source = urlSource(`${base}/whole`);
    await source.read(0, 8);
    await source.read(DATA.length - 8, 8);
    expect(log).toEqual(["/whole bytes=0-8388607"]);
  });

  test("an empty file is empty", async () => {
    expect(await urlSource(`${base}/empty`).size()).toBe(0);
  });

  test("404, 410 and a page in place of the file mean that it is missing", async () => {
    for (const path of ["none", "gone", "page"]) expect(await exists(urlSource(`${base}/${path}`)), path).toBe(false);
    await expect(urlSource(`${base}/page`).size()).rejects.toThrow(`${base}/page: must be a file, got an HTML page`);
  });

  test.each([
    ["private", "got HTTP status 401 Unauthorized. It may be private, gated or misspelt"],
    ["broken", "the server must answer with the file, got HTTP status 500"],
    ["wrong", "the server must send bytes 0 to 100, got 4 bytes said to be 0 to 8"],
    ["shifted", "the server must send bytes 0 to 100, got 100 bytes said to be 10 to 110"],
    ["cut", "must arrive whole, got"],
  ])("/%s is an error", async (path, message) => {
    const error = await exists(urlSource(`${base}/${path}`)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain(message);
  });

  test("nobody listens", async () => {
    await expect(urlSource("http://127.0.0.1:1/x").size()).rejects.toThrow(
      "http://127.0.0.1:1/x: must be reachable, got",
    );
  });

  test("an address that failed may be tried again", async () => {
    const source = urlSource(`${base}/recovering`);
    expect(await exists(source)).toBe(false);
    handlers.set("/recovering", sendWhole(DATA));
    expect(await source.size()).toBe(DATA.length);
  });

  test("a server that fails half way", async () => {
    handlers.set("/failing", sendRange(DATA));
    const source = urlSource(`${base}/failing`);
    await source.read(0, 8);
    handlers.set("/failing", (_, response) => void response.writeHead(503).end());
    const error = await source.read(9 * 2 ** 20, 8).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain("got HTTP status 503");
  });

  test("a file that changes while it is read, and a read after a failure", async () => {
    handlers.set("/changing", sendRange(DATA, { etag: '"1"' }));
    const source = urlSource(`${base}/changing`);
    await source.read(0, 8);
    handlers.set("/changing", sendRange(DATA, { etag: '"2"' }));
    await expect(source.read(9 * 2 ** 20, 8)).rejects.toThrow("must stay the same while it is read");
    handlers.set("/changing", sendRange(DATA.subarray(0, -1), { etag: '"1"' }));
    await expect(source.read(9 * 2 ** 20, 8)).rejects.toThrow("must stay the same while it is read");
    handlers.set("/changing", sendRange(DATA, { etag: '"1"' }));
    expect((await source.read(9 * 2 ** 20, 1))[0]).toBe(DATA[9 * 2 ** 20]);
  });
});
