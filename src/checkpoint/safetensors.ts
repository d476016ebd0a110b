/**
 * The safetensors format: 8 bytes N (little-endian), N bytes of JSON, then the tensors' bytes.
 *
 *   {"__metadata__": {name: text}, tensor: {"dtype": "F16", "shape": [320, 4, 3, 3], "data_offsets": [begin, end]}, ...}
 *
 * Offsets count from the end of the header. As the format's own implementation does, this one refuses every file whose
 * tensors overlap, leave holes, or do not end where the file ends, so that a file has one reading only.
 * Format: https://github.com/huggingface/safetensors#format
 */

import { CheckpointError, check } from "../tensor/check";
import { bytesPerElement, DTYPES, isDType } from "../tensor/dtype";
import type { ByteSource } from "./byte_source";
import { type Checkpoint, checkpointOf, type TensorEntry } from "./checkpoint";
import { describe, isJsonObject, type JsonObject, parseJsonObject } from "./json";

/** Bytes before the JSON: its length. */
const PREFIX_BYTES = 8;

/** The official implementation's limit. */
const HEADER_BYTES_MAX = 100_000_000;

/** Opens one safetensors file: reads and checks the header, and no tensor yet. Throws CheckpointError. */
export async function openSafetensors(source: ByteSource): Promise<Checkpoint> {
  const size = await source.size();
  const headerBytes = await readHeaderLength(source, size);
  const header = await source.read(PREFIX_BYTES, headerBytes);
  check(
    header[0] === "{".charCodeAt(0),
    () => `${source.name}: a safetensors header must begin with "{", got byte ${header[0]}`,
    CheckpointError,
  );
  const json = parseJsonObject(header, source.name);
  const tensors = parseEntries(json, source, PREFIX_BYTES + headerBytes);
  checkTiling(tensors, source.name, PREFIX_BYTES + headerBytes, size);
  return checkpointOf(source.name, tensors, parseMetadata(json, source.name));
}

async function readHeaderLength(source: ByteSource, size: number): Promise<number> {
  check(
    size >= PREFIX_BYTES,
    () => `${source.name}: a safetensors file must have at least ${PREFIX_BYTES} bytes, got ${size}`,
    CheckpointError,
  );
  const prefix = await source.read(0, PREFIX_BYTES);
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  const longest = Math.min(HEADER_BYTES_MAX, size - PREFIX_BYTES);
  // Compared as a bigint: 2^60 + 2 would lose its 2 as a number.
  check(
    length >= 2n && length <= BigInt(longest),
    () =>
      `${source.name}: the header's length must be from 2 to ${longest} (the file has ${size} bytes), got ${length}. ` +
      "The file is cut short or not a safetensors file",
    CheckpointError,
  );
  return Number(length);
}

function parseMetadata(json: JsonObject, file: string): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (!Object.hasOwn(json, "__metadata__")) return metadata;
  const notes = json.__metadata__;
  check(isJsonObject(notes), () => `${file}: __metadata__ must be an object, got ${describe(notes)}`, CheckpointError);
  for (const [name, text] of Object.entries(notes)) {
    check(
      typeof text === "string",
      () => `${file}: __metadata__ must hold strings, got ${describe(text)} for ${describe(name)}`,
      CheckpointError,
    );
    metadata.set(name, text);
  }
  return metadata;
}

function parseEntries(json: JsonObject, source: ByteSource, dataStart: number): Map<string, TensorEntry> {
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(json)) {
    if (name !== "__metadata__") tensors.set(name, parseEntry(entry, source, `${source.name}: ${name}`, dataStart));
  }
  return tensors;
}

function parseEntry(json: unknown, source: ByteSource, where: string, dataStart: number): TensorEntry {
  check(isJsonObject(json), () => `${where}: must be described by an object, got ${describe(json)}`, CheckpointError);
  const names = Object.keys(json).sort().join(", ");
  check(
    names === "data_offsets, dtype, shape",
    () => `${where}: must have data_offsets, dtype and shape, got ${names || "nothing"}`,
    CheckpointError,
  );
  const { dtype, shape, data_offsets: offsets } = json;
  check(
    isDType(dtype),
    () => `${where}: dtype must be one of ${DTYPES.join(", ")}, got ${describe(dtype)}`,
    CheckpointError,
  );
  check(isSizes(shape), () => `${where}: shape must be integers >= 0, got ${describe(shape)}`, CheckpointError);
  check(
    isSizes(offsets) && offsets.length === 2,
    () => `${where}: data_offsets must be two integers >= 0, got ${describe(offsets)}`,
    CheckpointError,
  );
  const [begin, end] = offsets as [number, number];
  const bytes = byteLength(shape, bytesPerElement(dtype), where);
  check(
    end - begin === bytes,
    () => `${where}: ${dtype} of shape ${describe(shape)} takes ${bytes} bytes, got data_offsets ${describe(offsets)}`,
    CheckpointError,
  );
  return { dtype, shape, source, byteOffset: dataStart + begin, byteLength: bytes };
}

function isSizes(json: unknown): json is readonly number[] {
  return Array.isArray(json) && json.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** Every partial product is checked, as in the official implementation: a later 0 does not make 2^80 elements sound. */
function byteLength(shape: readonly number[], elementBytes: number, where: string): number {
  let bytes = elementBytes;
  for (const length of shape) {
    bytes *= length;
    check(
      Number.isSafeInteger(bytes),
      () => `${where}: must have fewer than 2^53 bytes, got shape ${describe(shape)}`,
      CheckpointError,
    );
  }
  return bytes;
}

/** Throws unless the tensors cover the file from `dataStart` to `size` without gap or overlap. */
function checkTiling(tensors: ReadonlyMap<string, TensorEntry>, file: string, dataStart: number, size: number): void {
  const order = [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let covered = dataStart;
  let previous = "the header";
  for (const [name, entry] of order) {
    const begin = entry.byteOffset;
    check(
      begin === covered,
      () =>
        `${file}: ${name} must begin where ${previous} ends, at byte ${covered}, got ${begin} ` +
        `(${begin < covered ? "they overlap" : "a hole"})`,
      CheckpointError,
    );
    covered += entry.byteLength;
    previous = name;
  }
  check(
    covered === size,
    () =>
      `${file}: the file must end with ${previous} at byte ${covered}, got ${size} bytes ` +
      `(${size < covered ? "cut short" : "something follows"})`,
    CheckpointError,
  );
}
