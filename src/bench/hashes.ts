/** SHA-256 names for what a receipt speaks of, so that two receipts can tell whether they mean the same thing. */
import type { Checkpoint } from "../checkpoint/checkpoint";

/** Hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The hash of the weights' file, as `sha256sum` gives it; of several files, the hash of their hashes joined by lines. */
export async function weightsHash(checkpoint: Pick<Checkpoint, "tensors">): Promise<string> {
  const sources = new Map([...checkpoint.tensors.values()].map(({ source }) => [source.name, source]));
  const hashes: string[] = [];
  for (const [, source] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hashes.push(await sha256(new Uint8Array(await source.read(0, await source.size()))));
  }
  return hashes.length === 1 ? hashes[0]! : sha256(new TextEncoder().encode(hashes.join("\n")));
}
