/** A server as plain as they come: whole files below a sub-path, no ranges, nothing else. Counts what it sends. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export interface StaticServer {
  /** The address of the root, with a slash at its end. */
  readonly address: string;
  /** The paths asked for, below the root, in order. */
  readonly requests: string[];
  /** Pages that have no file, by path below the root. */
  readonly pages: Map<string, string>;
  close(): Promise<void>;
}

/** Serves the files of `folder` at a sub-path of a free port. */
export async function serveFolder(folder: string): Promise<StaticServer> {
  const root = "/a/sub/path/";
  const requests: string[] = [];
  const pages = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    const path = normalize(decodeURIComponent(pathname)).replace(/\/$/, "/index.html");
    const below = path.startsWith(root) ? path.slice(root.length) : undefined;
    if (below) requests.push(below);
    const content = below && (pages.get(below) ?? (await readFile(join(folder, below)).catch(() => undefined)));
    if (!content) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}${root}`,
    requests,
    pages,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
