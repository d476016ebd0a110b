/** A server of one's own that counts what crosses the wire: files compressed and revalidated as servers do it. */
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

/** What is text is compressed. */
const TEXTS: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};
const MODEL = /(\.safetensors|\/config\.json|\/scheduler_config\.json|\/model_index\.json|\/labels\.json)$/;

/** Bytes of bodies since the count began, and how many requests were made. */
export interface Traffic {
  code: number;
  fonts: number;
  model: number;
  requests: number;
}

export interface CountingServer {
  readonly address: string;
  /** Everything sent so far; begins anew. */
  take(): Traffic;
  close(): void;
}

export async function serve(root: string): Promise<CountingServer> {
  const none = (): Traffic => ({ code: 0, fonts: 0, model: 0, requests: 0 });
  let sent = none();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    const path = normalize(decodeURIComponent(pathname)).replace(/\/$/, "/index.html").slice(1);
    const file = join(root, path);
    const status = await stat(file).catch(() => undefined);
    sent.requests++;
    if (!status?.isFile()) return void response.writeHead(404).end();
    const etag = `"${status.size}-${status.mtimeMs}"`;
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
    const type = TEXTS[extname(file)];
    const body = type ? gzipSync(await readFile(file), { level: 9 }) : await readFile(file);
    sent[MODEL.test(file) ? "model" : extname(file) === ".woff2" ? "fonts" : "code"] += body.length;
    const encoding = type ? { "content-encoding": "gzip" } : {};
    const headers = { "content-type": type ?? "application/octet-stream", "content-length": body.length, etag };
    response.writeHead(200, { ...headers, ...encoding, "cache-control": "no-cache" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    take: () => {
      const taken = sent;
      sent = none();
      return taken;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
