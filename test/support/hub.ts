/**
 * A server that behaves like the Hugging Face hub: `/<owner>/<name>/resolve/main/<path>` answers small files itself, in
 * gzip, and sends one on to a store elsewhere, under an address that is signed and used once, for large ones. Both know
 * ETags; the store knows ranges.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export interface Hub {
  readonly address: string;
  /** Path and range (or "whole") of every request, in order. */
  readonly requests: string[];
  /** Bytes of weights after which a connection breaks, once each; the next request of the store finds the next number. */
  readonly breaks: number[];
  /** While set, the store sends this many bytes of a file and then waits for `go`. */
  hold?: { readonly bytes: number; readonly go: Promise<void> } | undefined;
  close(): Promise<void>;
}

/** Serves the diffusers folder `folder` as the repository `owner/name`. */
export async function serveHub(folder: string, repository = "owner/doodle"): Promise<Hub> {
  const requests: string[] = [];
  const breaks: number[] = [];
  let signature = 0;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    requests.push(`${pathname} ${request.headers.range ?? "whole"}`);
    // As the hub has it: every origin may read, but sees only a few headers.
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-expose-headers", "ETag, Content-Range");
    const prefix = `/${repository}/resolve/main/`;
    const isStore = pathname.startsWith("/store/");
    if (!isStore && !pathname.startsWith(prefix)) return void response.writeHead(401).end();
    const path = isStore ? pathname.slice("/store/".length) : pathname.slice(prefix.length);
    const file = await readFile(join(folder, path)).catch(() => undefined);
    if (!file) return void response.writeHead(404, { "x-error-code": "EntryNotFound" }).end("Entry not found");
    response.setHeader("etag", `"${createHash("sha256").update(file).digest("hex")}"`);
    if (!isStore && path.endsWith(".safetensors")) {
      return void response.writeHead(302, { location: `/store/${path}?signature=${++signature}` }).end();
    }
    if (isStore && Number(searchParams.get("signature")) !== signature) return void response.writeHead(403).end();
    if (isStore) return sendStored(file, request.headers.range, response);
    const body = gzipSync(file);
    response.writeHead(200, { "content-encoding": "gzip", "content-length": body.length }).end(body);
  });

  async function sendStored(file: Buffer, range: string | undefined, response: ServerResponse): Promise<void> {
    const first = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    const part = file.subarray(first);
    const contentRange = { "content-range": `bytes ${first}-${file.length - 1}/${file.length}` };
    response.writeHead(range ? 206 : 200, { "content-length": part.length, ...(range && contentRange) });
    const end = breaks.shift();
    if (end !== undefined) {
      response.write(part.subarray(0, end), () => setTimeout(() => response.destroy(), 20));
      return;
    }
    if (hub.hold) {
      response.write(part.subarray(0, hub.hold.bytes));
      await hub.hold.go;
      response.end(part.subarray(hub.hold.bytes));
      return;
    }
    response.end(part);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const hub: Hub = {
    address: `http://127.0.0.1:${port}`,
    requests,
    breaks,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
}
