import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { allocate, type ByteSource, exists, MissingError, memorySource } from "../../src/checkpoint/byte_source";
import { fileSource } from "../../src/checkpoint/file_source";
import { urlSource } from "../../src/checkpoint/url_source";
import { CheckpointError } from "../../src/tensor/check";

/** 20 MiB and 3 bytes. Byte i is a hash of i, so that a shift shows. */
const DATA = Uint8Array.from({ length: 20 * 2 ** 20 + 3 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function sendRange(bytes: Uint8Array, headers: Record<string, string> = {}): Handler {
  return (request, response) => {
    const [, first] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
    if (first === undefined) return sendWhole(bytes, headers)(request, response);
    const rest = bytes.subarray(Number(first));
    const range = { "content-range": `bytes ${first}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(206, { "content-length": rest.length, ...range, ...headers }).end(rest);
  };
}

function sendWhole(bytes: Uint8Array, headers: Record<string, string> = {}): Handler {
  return (_, response) => void response.writeHead(200, { "content-length": bytes.length, ...headers }).end(bytes);
}

/** Breaks every connection after so many bytes; what the next one sends is its handler's business. */
function breakAfter(bytes: Uint8Array, count: number, then: Handler, headers: Record<string, string> = {}): Handler {
  return (request, response) => {
    if (request.headers.range !== undefined) return then(request, response);
    response.writeHead(200, { "content-length": bytes.length, ...headers });
    response.write(bytes.subarray(0, count), () => setTimeout(() => response.destroy(), 20));
  };
}

const handlers = new Map<string, Handler>([
  ["/ranged", sendRange(DATA)],
  ["/whole", sendWhole(DATA)],
  ["/empty", sendRange(new Uint8Array())],
  ["/page", (_, response) => void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<p>")],
  ["/gone", (_, response) => void response.writeHead(410).end()],
  ["/private", (_, response) => void response.writeHead(401).end()],
  ["/broken", (_, response) => void response.writeHead(500).end()],
  ["/unmeasured", (_, response) => void response.writeHead(200).end(DATA)],
  [
    "/compressed",
    (_, response) => {
      const bytes = gzipSync(DATA, { level: 1 });
      response.writeHead(200, { "content-encoding": "gzip", "content-length": bytes.length }).end(bytes);
    },
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

describe.each(["memory", "file", "ranged", "unmeasured", "compressed"])("%s", (kind) => {
  const source = (): ByteSource => {
    if (kind === "memory") return memorySource(DATA, "memory");
    return kind === "file" ? fileSource(`${folder}/data`) : urlSource(`${base}/${kind}`);
  };

  test("gives the size and any range", async () => {
    const bytes = source();
    expect(await bytes.size()).toBe(DATA.length);
    // Near the start, across what may arrive at once, the end, before what was read, nothing, everything.
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
  test("one request, however many read", async () => {
    log.length = 0;
    const source = urlSource(`${base}/ranged`);
    await Promise.all([source.read(0, 8), source.read(8, 100), source.read(2 ** 20, 4), source.read(9, 1)]);
    expect(log).toEqual(["/ranged whole"]);
    await source.release!();
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

  describe("a connection that breaks half way", () => {
    const half = Math.floor(DATA.length / 2);

    test("is taken up again: only the rest is fetched", async () => {
      handlers.set("/breaking", breakAfter(DATA, half, sendRange(DATA)));
      log.length = 0;
      const bytes = await urlSource(`${base}/breaking`).read(0, DATA.length);
      expect(Buffer.compare(bytes, DATA)).toBe(0);
      expect(log[0]).toBe("/breaking whole");
      const [, from] = /^\/breaking bytes=(\d+)-$/.exec(log[1]!)!;
      expect(Number(from)).toBeGreaterThan(0);
      expect(Number(from)).toBeLessThanOrEqual(half);
      expect(log).toHaveLength(2);
    });

    test("whose server has no ranges: all of it comes again", async () => {
      handlers.set("/stubborn", breakAfter(DATA, half, sendWhole(DATA)));
      expect(Buffer.compare(await urlSource(`${base}/stubborn`).read(0, DATA.length), DATA)).toBe(0);
    });

    test("whose server has another file by then", async () => {
      for (const [other, tag] of [
        [DATA, '"2"'],
        [DATA.subarray(1), '"1"'],
      ] as const) {
        handlers.set("/changing", breakAfter(DATA, half, sendRange(other, { etag: tag }), { etag: '"1"' }));
        const source = urlSource(`${base}/changing`);
        await expect(source.read(0, DATA.length)).rejects.toThrow("must stay the same while it is read");
      }
    });

    test("whose server lies about what follows", async () => {
      const shifted: Handler = (_, response) =>
        void response
          .writeHead(206, { "content-range": `bytes 0-9/${DATA.length}`, "content-length": 10 })
          .end("0123456789");
      handlers.set("/shifted", breakAfter(DATA, half, shifted));
      await expect(urlSource(`${base}/shifted`).read(0, DATA.length)).rejects.toThrow("must stay the same");
    });

    test("whose server fails", async () => {
      handlers.set(
        "/failing",
        breakAfter(DATA, half, (_, response) => void response.writeHead(503).end()),
      );
      const error = await urlSource(`${base}/failing`)
        .read(0, DATA.length)
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CheckpointError);
      expect((error as Error).message).toContain("got HTTP status 503");
    });

    test("and whose reader has given up", async () => {
      handlers.set("/leaving", breakAfter(DATA, half, breakAfter(DATA, 0, sendRange(DATA))));
      const leaving = new AbortController();
      const read = urlSource(`${base}/leaving`, leaving.signal).read(0, DATA.length);
      leaving.abort(new Error("enough"));
      await expect(read).rejects.toThrow("enough");
    });
  });

  test("what was released comes again, from where it was", async () => {
    log.length = 0;
    const source = urlSource(`${base}/ranged`);
    await source.read(0, 8);
    await source.release!();
    expect(Buffer.compare(await source.read(0, DATA.length), DATA)).toBe(0);
    expect(log).toEqual(["/ranged whole", expect.stringMatching(/^\/ranged bytes=\d+-$/)]);
  });
});
