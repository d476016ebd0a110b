/** Writes safetensors: references and goldens that Python, or this engine, reads back. */

import { check } from "../tensor/check";
import { bytesPerElement, type FileDType } from "../tensor/dtype";

/** A tensor to write. `bytes` are little-endian and row-major, as many as `dtype` and `shape` take. */
export interface TensorToWrite {
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** `values`, row-major, as an F32 tensor to write. Shares their memory. */
export function float32Tensor(values: Float32Array, shape: readonly number[]): TensorToWrite {
  return { dtype: "F32", shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * The bytes of a safetensors file with `tensors` and the notes `metadata`. Laid out as the official implementation does:
 * wide types first, then by name, the header padded with spaces to 8 bytes, so that every tensor is aligned to its type.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const order = [...tensors].sort(
    ([nameA, a], [nameB, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || (nameA < nameB ? -1 : 1),
  );
  const entries: [string, unknown][] = metadata.size > 0 ? [["__metadata__", Object.fromEntries(metadata)]] : [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of order) {
    const expected = shape.reduce((product, length) => product * length, bytesPerElement(dtype));
    check(
      bytes.length === expected,
      () =>
        `encodeSafetensors: ${name}, ${dtype} of shape (${shape.join(", ")}), must have ${expected} bytes, got ${bytes.length}`,
    );
    check(name !== "__metadata__", () => "encodeSafetensors: a tensor must not be named __metadata__, got one that is");
    entries.push([name, { dtype, shape, data_offsets: [end, end + bytes.length] }]);
    end += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(" ".charCodeAt(0), 8 + json.length, 8 + headerBytes);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const [, { bytes }] of order) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
