/** All tensors of one safetensors file, in memory: references and test vectors, not models. */
import { fileSource } from "./file_source";
import { openSafetensors } from "./safetensors";
import { urlSource } from "./url_source";

/** One tensor of a file, as f32. */
export interface SavedTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array<ArrayBuffer>;
}

/** Reads a whole file: a path (Node) or an http(s) address. @throws CheckpointError for a file that is not safetensors. */
export async function readTensors(location: string): Promise<Map<string, SavedTensor>> {
  const checkpoint = await openSafetensors(/^https?:\/\//i.test(location) ? urlSource(location) : fileSource(location));
  const tensors = new Map<string, SavedTensor>();
  for (const [name, { shape }] of checkpoint.tensors) tensors.set(name, { shape, data: await checkpoint.read(name) });
  return tensors;
}
