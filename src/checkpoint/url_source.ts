/** Files of web servers as byte sources, read by HTTP ranges where the server has them, else whole. */

import { CheckpointError, check } from "../tensor/check";
import { allocate, type ByteSource, checkRange, MissingError } from "./byte_source";

/**
 * Requests are rounded out to pieces of this size: a UNet has hundreds of tensors of a few kilobytes, and a request for
 * each would cost a round trip each. The shipped models fit into one piece.
 */
const PIECE_BYTES = 8 * 2 ** 20;

/** Pieces kept, least recently used out first. Models read nearly in file order, so that few suffice. */
const PIECES_KEPT = 8;

/** What the first answer tells: the file's length, its version, and either its first piece or all of it. */
interface Opened {
  readonly size: number;
  readonly version: string | null;
  readonly whole: boolean;
  readonly first: Uint8Array;
}

/**
 * The file at the absolute address `url`. The first request asks for the first piece and so learns the length; a server
 * that ignores ranges answers with the whole file, which is then kept. Throws MissingError for 404 and 410, and for an
 * HTML page, which development servers send in place of files that they lack.
 */
export function urlSource(url: string): ByteSource {
  let opened: Promise<Opened> | undefined;
  const pieces = new Map<number, Promise<Uint8Array>>();
  const open = () => {
    opened ??= openUrl(url).catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  function piece(index: number, file: Opened): Promise<Uint8Array> {
    if (index === 0) return Promise.resolve(file.first);
    const bytes = pieces.get(index) ?? fetchPiece(url, index, file);
    pieces.delete(index);
    pieces.set(index, bytes);
    const oldest = pieces.keys().next();
    if (pieces.size > PIECES_KEPT && !oldest.done) pieces.delete(oldest.value);
    bytes.catch(() => pieces.delete(index));
    return bytes;
  }

  return {
    name: url,
    size: async () => (await open()).size,
    read: async (offset, length) => {
      const file = await open();
      checkRange(url, file.size, offset, length);
      if (file.whole) return file.first.subarray(offset, offset + length);
      const bytes = allocate(url, length);
      for (let done = 0; done < length; ) {
        const index = Math.floor((offset + done) / PIECE_BYTES);
        const start = offset + done - index * PIECE_BYTES;
        const part = (await piece(index, file)).subarray(start, start + length - done);
        bytes.set(part, done);
        done += part.length;
      }
      return bytes;
    },
  };
}

async function openUrl(url: string): Promise<Opened> {
  const response = await request(url, { Range: `bytes=0-${PIECE_BYTES - 1}` });
  const version = response.headers.get("etag");
  // "Range not satisfiable" from byte 0 on: the file is empty.
  if (response.status === 416) return { size: 0, version, whole: true, first: new Uint8Array() };
  const range = response.status === 206 ? contentRange(response) : undefined;
  if (range) {
    const { size } = range;
    const first = await body(url, response);
    checkPart(url, range, 0, Math.min(size, PIECE_BYTES), first);
    return { size, version, whole: size === first.length, first };
  }
  // Other origins may hide Content-Range; without it the length is unknown and only the whole file will do.
  const complete = response.status === 206 ? await request(url, {}) : response;
  check(complete.status === 200, () => refusal(url, complete), CheckpointError);
  const first = await body(url, complete);
  return { size: first.length, version, whole: true, first };
}

async function fetchPiece(url: string, index: number, file: Opened): Promise<Uint8Array> {
  const start = index * PIECE_BYTES;
  const length = Math.min(PIECE_BYTES, file.size - start);
  const response = await request(url, { Range: `bytes=${start}-${start + length - 1}` });
  const range = response.status === 206 ? contentRange(response) : undefined;
  check(range !== undefined, () => refusal(url, response), CheckpointError);
  check(
    range.size === file.size && response.headers.get("etag") === file.version,
    () => `${url}: must stay the same while it is read, got another version of it. Load it again.`,
    CheckpointError,
  );
  const bytes = await body(url, response);
  checkPart(url, range, start, length, bytes);
  return bytes;
}

async function request(url: string, headers: Record<string, string>): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch (error) {
    throw new CheckpointError(`${url}: must be reachable, got ${reason(error)}`, { cause: error });
  }
  const page = response.ok && (response.headers.get("content-type") ?? "").includes("text/html");
  if (response.status === 404 || response.status === 410 || page) {
    await response.body?.cancel();
    throw new MissingError(`${url}: must be a file, got ${page ? "an HTML page" : `HTTP status ${response.status}`}`);
  }
  return response;
}

async function body(url: string, response: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new CheckpointError(`${url}: must arrive whole, got ${reason(error)}`, { cause: error });
  }
}

function contentRange(response: Response): { start: number; end: number; size: number } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  const [start, last, size] = (match ?? []).slice(1).map(Number);
  if (start === undefined || last === undefined || size === undefined || !Number.isSafeInteger(size)) return undefined;
  return { start, end: last + 1, size };
}

function checkPart(
  url: string,
  range: { start: number; end: number },
  start: number,
  length: number,
  bytes: Uint8Array,
) {
  check(
    range.start === start && range.end === start + length && bytes.length === length,
    () =>
      `${url}: the server must send bytes ${start} to ${start + length}, ` +
      `got ${bytes.length} bytes said to be ${range.start} to ${range.end}`,
    CheckpointError,
  );
}

function refusal(url: string, response: Response): string {
  const access = response.status === 401 || response.status === 403;
  return `${url}: the server must answer with the file, got HTTP status ${response.status} ${response.statusText}${
    access ? ". It may be private, gated or misspelt" : ""
  }`;
}

/** fetch() hides what went wrong in the cause of a TypeError. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
