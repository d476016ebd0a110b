/** Files that a browser keeps between visits (Cache API), each with what its server needs to say whether it is still so. */

const NAME = "unstatic";

/** What tells one version of a file from another; null where the server says nothing of the kind. */
export function versionOf({ headers }: Pick<Response, "headers">): string | null {
  return headers.get("etag") ?? headers.get("last-modified");
}

/** The stored answer for `url`. None outside secure contexts and in Node, which have no such cache. */
export async function stored(url: string): Promise<Response | undefined> {
  return open()
    .then((cache) => cache?.match(url))
    .catch(() => undefined);
}

/** Headers that make a server answer 304 where it has nothing new. */
export function conditions({ headers }: Response): Record<string, string> {
  const etag = headers.get("etag");
  return etag ? { "If-None-Match": etag } : { "If-Modified-Since": headers.get("last-modified")! };
}

/** Keeps a whole file, where its version can be asked for later. A full disk only means that it is not; returns which. */
export async function store(url: string, bytes: Uint8Array<ArrayBuffer>, { headers }: Response): Promise<boolean> {
  const cache = versionOf({ headers }) === null ? undefined : await open().catch(() => undefined);
  if (!cache) return false;
  const kept = new Headers({ "content-length": String(bytes.length) });
  for (const name of ["content-type", "etag", "last-modified"]) {
    if (headers.has(name)) kept.set(name, headers.get(name)!);
  }
  return cache.put(url, new Response(bytes, { headers: kept })).then(
    () => true,
    () => false,
  );
}

export async function forget(url: string): Promise<void> {
  await open()
    .then((cache) => cache?.delete(url))
    .catch(() => {});
}

async function open(): Promise<Cache | undefined> {
  return globalThis.caches?.open(NAME);
}
