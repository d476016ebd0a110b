/**
 * Where the bytes of a checkpoint come from: memory, a web server (url_source.ts) or a file of Node (file_source.ts).
 *
 * A reader asks for ranges and never sees the difference; a source answers with exactly the bytes asked for or throws.
 */

import { CheckpointError, check } from "../tensor/check";

/** One file, read by ranges. */
export interface ByteSource {
  /** Path or address, for messages. */
  readonly name: string;
  /** Its length in bytes. Throws MissingError where there is no such file. */
  size(): Promise<number>;
  /** Exactly the bytes [offset, offset + length). Throws CheckpointError if the file ends before. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Gives up memory and connection until the next read, and what is kept for later where the file `isWrong`. Whoever
   * has nothing to give up lacks it.
   */
  release?(isWrong?: boolean): Promise<void>;
}

/** There is no such file: for optional files an answer, for others an error that ends the loading. */
export class MissingError extends CheckpointError {
  override name = "MissingError";
}

/** Bytes that are already in memory; reads are views, not copies. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: async () => bytes.length,
    read: async (offset, length) => {
      checkRange(name, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Whether the source's file is there. Any other failure (no permission, no network) is thrown on. */
export async function exists(source: ByteSource): Promise<boolean> {
  try {
    await source.size();
    return true;
  } catch (error) {
    if (error instanceof MissingError) return false;
    throw error;
  }
}

/** Throws unless [offset, offset + length) lies within a file of `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  check(
    Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length >= 0 &&
      offset + length <= size,
    () => `${name}: a range must lie within the file's ${size} bytes, got ${length} bytes from byte ${offset}`,
    CheckpointError,
  );
}

/** A new array for `length` bytes of `name`: a file may claim more than any machine has. */
export function allocate(name: string, length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (error) {
    throw new CheckpointError(`${name}: a read must fit into memory, got ${length} bytes`, { cause: error });
  }
}
