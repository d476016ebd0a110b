/** Files of Node as byte sources. Nothing of Node is imported before a file is used, so that pages can bundle this. */

import { CheckpointError, check } from "../tensor/check";
import { allocate, type ByteSource, checkRange, MissingError } from "./byte_source";

/** The most that one read asks of the system: Node refuses 2 GiB and more. */
const READ_BYTES_MAX = 2 ** 30;

/** Held in a constant rather than written into the import, where bundlers for pages would try to resolve it and fail. */
const FILE_SYSTEM = "node:fs/promises";

function fileSystem(): Promise<typeof import("node:fs/promises")> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ FILE_SYSTEM);
}

/** The file at `path`, opened for each read and closed after it: nothing stays open if the loading ends early. */
export function fileSource(path: string): ByteSource {
  const size = async () => {
    const { stat } = await fileSystem();
    const status = await stat(path).catch((error) => rethrow(path, error));
    check(
      status.isFile(),
      () => `${path}: must be a file, got a ${status.isDirectory() ? "folder" : "device"}`,
      MissingError,
    );
    return status.size;
  };
  return {
    name: path,
    size,
    read: async (offset, length) => {
      checkRange(path, await size(), offset, length);
      const { open } = await fileSystem();
      const file = await open(path, "r").catch((error) => rethrow(path, error));
      try {
        return await readFully(file, path, offset, length);
      } finally {
        await file.close();
      }
    },
  };
}

/** Reads until all bytes are there: a system may return fewer than asked, and a file may shrink while it is read. */
async function readFully(
  file: Pick<import("node:fs/promises").FileHandle, "read">,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = allocate(path, length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file
      .read(bytes, done, Math.min(length - done, READ_BYTES_MAX), offset + done)
      .catch((error) => rethrow(path, error));
    check(
      bytesRead > 0,
      () => `${path}: must have ${length} bytes from byte ${offset}, got ${done} and then the end of the file`,
      CheckpointError,
    );
    done += bytesRead;
  }
  return bytes;
}

function rethrow(path: string, error: NodeJS.ErrnoException): never {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") {
    throw new MissingError(`${path}: must be a file, got nothing there`, { cause: error });
  }
  throw new CheckpointError(`${path}: must be readable, got ${error.message}`, { cause: error });
}
