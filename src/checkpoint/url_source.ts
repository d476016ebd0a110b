/**
 * Files of web servers as byte sources: one request, whose bytes can be read as they arrive.
 *
 * Nothing is taken from the connection before a reader asks for it, so that looking at a header downloads little more.
 * A connection that breaks is taken up again where it broke. Whole files are kept in the browser's cache and used as long
 * as the server says that they are still the same; of large ones also what had arrived when a page was left.
 */
import { CheckpointError, check } from "../tensor/check";
import { allocate, type ByteSource, checkRange, MissingError } from "./byte_source";
import type { Parts } from "./parts";
import { conditions, forget, store, stored, versionOf } from "./web_cache";

/** Waits before a broken connection is tried again, in milliseconds; any byte that arrives begins them anew. */
const RETRY_MS = [100, 400, 1600, 3200];

/** Files up to this length are read at once: compressed on the way, they have a length that nobody tells. */
const SMALL_BYTES = 2 ** 20;

/** Files beyond this length are kept part by part while they arrive. */
const LARGE_BYTES = 2 ** 23;

/** A file on its way. */
interface Download {
  readonly response: Response;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many of them are there. */
  received: number;
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** It can be had again from the browser's cache. */
  isStored: boolean;
  /** Keeps what has arrived of a large file. */
  readonly parts?: Parts | undefined;
}

/**
 * The file at the absolute address `url`. Throws MissingError for 404 and 410, and for an HTML page, which development
 * servers send in place of files that they lack; the signal's reason once that is aborted.
 */
export function urlSource(url: string, signal?: AbortSignal): ByteSource {
  let opened: Promise<Download> | undefined;
  /** What the file was when it was first opened: its place in memory may be given up, its offsets are known by then. */
  let first: { readonly size: number; readonly version: string | null } | undefined;
  let pulling: Promise<void> | undefined;

  const open = () => {
    opened ??= begin(url, signal).catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened.then((file) => {
      const now = { size: file.bytes.length, version: versionOf(file.response) };
      first ??= now;
      check(first.size === now.size && first.version === now.version, () => changed(url), CheckpointError);
      return file;
    });
  };
  const reach = async (file: Download, end: number) => {
    while (file.received < end) {
      // One hand on the connection, however many wait for it.
      pulling ??= pull(url, file, signal).finally(() => {
        pulling = undefined;
      });
      await pulling;
    }
  };
  return {
    name: url,
    size: async () => (await open()).bytes.length,
    read: async (offset, length) => {
      const file = await open();
      checkRange(url, file.bytes.length, offset, length);
      await reach(file, offset + length);
      return file.bytes.subarray(offset, offset + length);
    },
    release: async (isWrong = false) => {
      const file = await opened?.catch(() => undefined);
      const { reader } = file ?? {};
      if (file) file.reader = undefined; // what is missing is asked for when somebody wants it
      await reader?.cancel().catch(() => {});
      if (isWrong) await Promise.all([forget(url), file?.parts?.forget()]);
      if (isWrong || (file?.isStored && file.received === file.bytes.length)) opened = undefined;
    },
  };
}

/** Opens the file: the server's answer, or the stored one where that is still good. */
async function begin(url: string, signal: AbortSignal | undefined): Promise<Download> {
  const kept = await stored(url);
  // A conditional request to another origin would need that origin's leave; an answer that is not read costs as little.
  const headers = kept && isSameOrigin(url) ? conditions(kept) : {};
  const answer = await request(url, headers, signal);
  if (kept && (answer.status === 304 || (answer.ok && versionOf(answer) === versionOf(kept)))) {
    await answer.body?.cancel();
    return arriving(url, kept, true, signal);
  }
  check(answer.status === 200, () => refusal(url, answer), CheckpointError);
  return arriving(url, answer, false, signal);
}

async function arriving(
  url: string,
  response: Response,
  isStored: boolean,
  signal: AbortSignal | undefined,
): Promise<Download> {
  const length = response.headers.get("content-length");
  const isPlain = (response.headers.get("content-encoding") ?? "identity") === "identity";
  if (length !== null && isPlain && Number(length) > SMALL_BYTES) {
    const bytes = allocate(url, Number(length));
    const file = { response, bytes, received: 0, reader: response.body?.getReader(), isStored };
    return isStored || bytes.length <= LARGE_BYTES ? file : withParts(url, file);
  }
  const bytes = new Uint8Array(await response.arrayBuffer().catch((error) => broken(url, error, signal)));
  const file = { response, bytes, received: bytes.length, reader: undefined, isStored };
  await complete(url, file);
  return file;
}

/** The file with what an earlier page has kept of it; the rest is then asked for by itself. */
async function withParts(url: string, file: Download): Promise<Download> {
  const parts = await import("./parts").then(({ openParts }) => openParts(url, file.response)).catch(() => undefined);
  const received = (await parts?.restore(file.bytes)) ?? 0;
  if (received === 0) return { ...file, parts };
  await file.reader?.cancel().catch(() => {});
  const restored = { ...file, parts, received, reader: undefined };
  if (received === file.bytes.length) await complete(url, restored);
  return restored;
}

/** Takes what has arrived; after a break, asks for the rest. */
async function pull(url: string, file: Download, signal: AbortSignal | undefined): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      file.reader ??= await resume(url, file, signal);
      const { value, done } = await file.reader.read();
      if (done) throw new Error(`the connection ended after ${file.received} of ${file.bytes.length} bytes`);
      check(
        file.received + value.length <= file.bytes.length,
        () => `${url}: must have ${file.bytes.length} bytes, as the server said, got more`,
        CheckpointError,
      );
      file.bytes.set(value, file.received);
      file.received += value.length;
      file.parts?.keep(file.bytes, file.received);
      if (file.received === file.bytes.length) await complete(url, file);
      return;
    } catch (error) {
      file.reader = undefined;
      signal?.throwIfAborted();
      const isFinal = error instanceof CheckpointError && !(error instanceof UnreachableError);
      if (isFinal || attempt === RETRY_MS.length) broken(url, error, signal);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[attempt]));
    }
  }
}

async function complete(url: string, file: Download): Promise<void> {
  file.reader = undefined;
  file.isStored ||= await store(url, file.bytes, file.response);
  if (file.isStored) await file.parts?.forget();
}

/** Asks for the bytes that are missing. A server without ranges sends all of them again. */
async function resume(url: string, file: Download, signal: AbortSignal | undefined) {
  const { bytes, received } = file;
  const answer = await request(url, received > 0 ? { Range: `bytes=${received}-` } : {}, signal);
  check(answer.status === 200 || answer.status === 206, () => refusal(url, answer), CheckpointError);
  const isRest = answer.status === 206;
  if (!isRest) file.received = 0;
  const expected = bytes.length - file.received;
  // Other origins may hide Content-Range; the length they do not.
  const range = answer.headers.get("content-range") ?? `bytes ${received}-${bytes.length - 1}/${bytes.length}`;
  const isSame =
    versionOf(answer) === versionOf(file.response) && Number(answer.headers.get("content-length")) === expected;
  check(
    isSame && (!isRest || range === `bytes ${received}-${bytes.length - 1}/${bytes.length}`),
    () => changed(url),
    CheckpointError,
  );
  return answer.body!.getReader();
}

/** Nobody answered; somebody may yet. */
class UnreachableError extends CheckpointError {
  override name = "CheckpointError";
}

async function request(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let response: Response;
  try {
    // The browser's own cache would keep a second copy, and not ask again while it thinks the file fresh.
    response = await fetch(url, { headers, cache: "no-store", ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw new UnreachableError(`${url}: must be reachable, got ${reason(error)}`, { cause: error });
  }
  const page = response.ok && (response.headers.get("content-type") ?? "").includes("text/html");
  if (response.status === 404 || response.status === 410 || page) {
    await response.body?.cancel();
    throw new MissingError(`${url}: must be a file, got ${page ? "an HTML page" : `HTTP status ${response.status}`}`);
  }
  return response;
}

function isSameOrigin(url: string): boolean {
  return new URL(url).origin === globalThis.location?.origin;
}

function broken(url: string, error: unknown, signal: AbortSignal | undefined): never {
  signal?.throwIfAborted();
  if (error instanceof CheckpointError) throw error;
  throw new CheckpointError(`${url}: must arrive whole, got ${reason(error)}`, { cause: error });
}

function changed(url: string): string {
  return `${url}: must stay the same while it is read, got another version of it. Load it again.`;
}

function refusal(url: string, { status, statusText }: Response): string {
  const hint = status === 401 || status === 403 ? ". It may be private, gated or misspelt" : "";
  return `${url}: the server must answer with the file, got HTTP status ${status} ${statusText}${hint}`;
}

/** fetch() hides what went wrong in the cause of a TypeError. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
