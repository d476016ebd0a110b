/** Folders of Node. Pages have none, so that they never fetch this. */
import { check, InputError } from "../tensor/check";
import { fileSource } from "./file_source";
import { lastWord, type Place } from "./place";

/** @throws InputError for an address of a kind that nothing here can read */
export function localPlace(location: string): Place {
  check(
    !/^[a-z][a-z+.-]+:\/\//i.test(location) || /^file:/i.test(location),
    () => `location: must be a path, http(s)://, file:// or hf:owner/name, got ${location}`,
    InputError,
  );
  // Node takes "/" on every system, so that joining needs no path module, which pages lack.
  const path = /^file:/i.test(location) ? pathOfFileUrl(location) : location;
  const folder = path.replace(/(?<=.)[/\\]+$/, "");
  return {
    location,
    name: lastWord(folder),
    file: (below) => fileSource(folder === "/" ? `/${below}` : `${folder}/${below}`),
  };
}

function pathOfFileUrl(location: string): string {
  let path: string;
  try {
    path = decodeURIComponent(new URL(location).pathname);
  } catch (error) {
    throw new InputError(`location: must be a valid address, got ${location}`, { cause: error });
  }
  // file:///C:/models means C:/models.
  return /^\/[a-z]:/i.test(path) ? path.slice(1) : path;
}
