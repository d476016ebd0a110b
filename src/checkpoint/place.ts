/** Folders, as users name them: a path (Node), an address (web), or a repository of the Hugging Face hub. */

import { check, InputError } from "../tensor/check";
import type { ByteSource } from "./byte_source";
import { urlSource } from "./url_source";

/** The hub, whose file addresses are `<hub>/<owner>/<name>/resolve/main/<path>`. */
export const HUB = "https://huggingface.co";

/** A folder, its kind forgotten. */
export interface Place {
  /** As the user wrote it, for messages. */
  readonly location: string;
  /** Its last word: `doodle` for `weights/doodle/`. */
  readonly name: string;
  /** The file at `path` below it, segments joined by "/". Touches nothing yet. */
  file(path: string): ByteSource;
}

/**
 * Finds out what `location` means:
 *   - `hf:owner/name`: a repository at `hub`;
 *   - `http://`, `https://`, and in pages and workers any relative address, against the page's own: a web folder;
 *   - else, and for `file://`, a local path, in Node only.
 * Throws InputError for a location that can mean nothing.
 */
export async function placeOf(location: string, hub: string = HUB, signal?: AbortSignal): Promise<Place> {
  check(
    location.trim() !== "",
    () => "location: must be a path, an address or hf:owner/name, got an empty string",
    InputError,
  );
  if (location.startsWith("hf:")) return hubPlace(location, hub, signal);
  if (/^https?:\/\//i.test(location)) return webPlace(location, location, signal);
  const page = pageAddress();
  if (page !== undefined) return webPlace(location, new URL(location, page).href, signal);
  return (await import("./local_place")).localPlace(location);
}

function hubPlace(location: string, hub: string, signal: AbortSignal | undefined): Place {
  const match = /^hf:([\w-][\w.-]*)\/([\w-][\w.-]*)$/.exec(location);
  check(match, () => `location: a repository of the hub must be hf:owner/name, got ${location}`, InputError);
  return webPlace(location, `${hub}/${match[1]}/${match[2]}/resolve/main`, signal);
}

function webPlace(location: string, address: string, signal: AbortSignal | undefined): Place {
  check(URL.canParse(address), () => `location: must be a valid address, got ${location}`, InputError);
  const base = new URL(address);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return {
    location,
    name: lastWord(location),
    // A query, e.g. a signature, belongs to each of the folder's files; new URL(path, base) would drop it.
    file: (path) => {
      const url = new URL(base);
      url.pathname += path;
      return urlSource(url.href, signal);
    },
  };
}

export function lastWord(location: string): string {
  return (
    location
      .replace(/[?#].*$/, "")
      .split(/[/\\:]/)
      .filter((word) => word !== "" && word !== ".")
      .at(-1) ?? "model"
  );
}

/** The address of the page or the worker's script; undefined in Node. */
function pageAddress(): string | undefined {
  const scope = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  return scope.document?.baseURI ?? scope.location?.href;
}
