/**
 * What has arrived of a large file, kept for a page that is loaded again (Cache API), in parts of equal length.
 *
 * A part is used for the very version that it was taken from, byte for byte, or not at all: only a strong ETag says so.
 * Whoever asks for the rest must compare the version once more.
 */

const NAME = "unstatic-parts";

/** One entry of the cache. */
const PART_BYTES = 2 ** 22;

/** The parts of one file. */
export interface Parts {
  /** Copies those that are there, from the first on, to the beginning of `bytes`; returns how many bytes that are. */
  restore(bytes: Uint8Array): Promise<number>;
  /** Keeps the parts that are complete among the first `received` bytes and not yet kept. Waits for nothing. */
  keep(bytes: Uint8Array<ArrayBuffer>, received: number): void;
  forget(): Promise<void>;
}

/** The parts of the file that `response` begins; undefined where nothing can be kept. Those of other versions are dropped. */
export async function openParts(url: string, { headers }: Response): Promise<Parts | undefined> {
  const etag = headers.get("etag");
  if (!globalThis.caches || !etag || etag.startsWith("W/")) return undefined;
  const cache = await caches.open(NAME);
  const addressOf = (index: number) => {
    const address = new URL(url);
    address.searchParams.append("unstatic-part", String(index));
    return address.href;
  };
  let kept = 0;
  /** One after the other, so that a part that is there has all those before it. A full disk ends it. */
  let writing: Promise<unknown> = Promise.resolve();
  const forget = async () => {
    const last = writing.catch(() => {});
    writing = last.then(async () => {
      for (let index = 0; await cache.delete(addressOf(index)); index++);
    });
    await writing.catch(() => {});
  };
  return {
    forget,
    restore: async (bytes) => {
      for (; (kept + 1) * PART_BYTES <= bytes.length; kept++) {
        const part = await cache.match(addressOf(kept));
        if (!part) break;
        const data = part.headers.get("etag") === etag ? new Uint8Array(await part.arrayBuffer()) : undefined;
        if (data?.length !== PART_BYTES) {
          await forget();
          kept = 0;
          break;
        }
        bytes.set(data, kept * PART_BYTES);
      }
      return kept * PART_BYTES;
    },
    keep: (bytes, received) => {
      for (; (kept + 1) * PART_BYTES <= received; kept++) {
        const address = addressOf(kept);
        const part = bytes.slice(kept * PART_BYTES, (kept + 1) * PART_BYTES);
        writing = writing.then(() => cache.put(address, new Response(part, { headers: { etag } })));
        writing.catch(() => {});
      }
    },
  };
}
