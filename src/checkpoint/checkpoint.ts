/**
 * A checkpoint: named tensors in one or several files, listed at once and read one by one.
 *
 * The room `checkpoint` turns files, which it treats as hostile, into names, shapes, numbers and plain configuration
 * data. It must not know what a UNet is, nor of any GPU: whether the tensors are those that a model needs is the model's
 * question.
 */

import { CheckpointError, check } from "../tensor/check";
import { decodeFloats, type FileDType, isFloatDType } from "../tensor/dtype";
import type { ByteSource } from "./byte_source";

/** What a file says about one tensor, before any of its numbers is read. */
export interface TensorEntry {
  readonly dtype: FileDType;
  /** As PyTorch has it, e.g. (outChannels, inChannels, height, width); empty for a scalar. */
  readonly shape: readonly number[];
  /** The file that holds it. */
  readonly source: ByteSource;
  /** The first of its bytes in that file: with `byteLength`, all that a ranged or streamed reader needs. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** For a matrix of 8-bit integers: where its scales are (see quantized.ts). */
  readonly scale?: TensorEntry;
}

/** Named tensors that can be read. */
export interface Checkpoint {
  /** Path or address, for messages. */
  readonly name: string;
  /** All tensors, in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** What the writer noted in `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The numbers of one tensor, row-major. Throws CheckpointError if it is missing or has a NaN or an infinity. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** The bytes of one tensor as the file has them, unchecked, little-endian. */
  readBytes(name: string): Promise<Uint8Array>;
}

/** A checkpoint over entries whose place in their files has been checked. */
export function checkpointOf(
  name: string,
  tensors: ReadonlyMap<string, TensorEntry>,
  metadata: ReadonlyMap<string, string>,
): Checkpoint {
  const find = (tensor: string) => {
    const entry = tensors.get(tensor);
    check(entry !== undefined, () => `${name}: must have the tensor ${tensor}, got none of that name`, CheckpointError);
    return entry;
  };
  const readBytes = (entry: TensorEntry) => entry.source.read(entry.byteOffset, entry.byteLength);
  return {
    name,
    tensors,
    metadata,
    read: async (tensor) => {
      const entry = find(tensor);
      const where = `${entry.source.name}: ${tensor}`;
      const { dtype } = entry;
      const bytes = await readBytes(entry);
      const values = isFloatDType(dtype)
        ? decodeFloats(bytes, dtype, where)
        : (await import("../tensor/integers")).decodeFloat32(bytes, dtype, where);
      checkFinite(values, where);
      return values;
    },
    readBytes: async (tensor) => readBytes(find(tensor)),
  };
}

/** The files of a checkpoint. */
export function sourcesOf({ tensors }: Pick<Checkpoint, "tensors">): ByteSource[] {
  const entries = [...tensors.values()].flatMap((entry) => (entry.scale ? [entry, entry.scale] : [entry]));
  return [...new Set(entries.map(({ source }) => source))];
}

/** Throws CheckpointError at the first NaN or infinity: one of them in the weights makes every pixel NaN. */
export function checkFinite(values: Float32Array, where: string): void {
  // x - x is 0 for finite x and NaN else, and NaN sticks: a sum without branches, four times faster than a search.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number);
  if (sum === 0) return;
  const index = values.findIndex((value) => !Number.isFinite(value));
  throw new CheckpointError(`${where}: values must be finite, got ${values[index]} at ${index}`);
}
