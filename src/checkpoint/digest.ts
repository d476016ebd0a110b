/** Whether weights are the very file that somebody vouched for. */
import { CheckpointError, check, InputError } from "../tensor/check";
import { type Checkpoint, sourcesOf } from "./checkpoint";

/**
 * Reads the checkpoint's file whole and compares its SHA-256.
 * @throws CheckpointError where it is another; InputError for what is no digest, and where the page may not compute one.
 */
export async function checkDigest(checkpoint: Checkpoint, sha256: string): Promise<void> {
  check(/^[0-9a-f]{64}$/i.test(sha256), () => `sha256: must be 64 hexadecimal digits, got "${sha256}"`, InputError);
  const [source, ...others] = sourcesOf(checkpoint);
  check(
    source && others.length === 0,
    () => `sha256: must be of weights in one file, got ${others.length + 1} files`,
    InputError,
  );
  const { subtle } = globalThis.crypto ?? {};
  check(subtle, () => "sha256: needs a page from https:// or localhost, where browsers compute digests", InputError);
  const bytes = (await source.read(0, await source.size())) as Uint8Array<ArrayBuffer>;
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found === sha256.toLowerCase()) return;
  await source.release?.(true);
  throw new CheckpointError(`${source.name}: SHA-256 must be ${sha256.toLowerCase()}, got ${found}`);
}
