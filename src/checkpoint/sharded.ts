/**
 * Checkpoints cut into several safetensors files, listed by an index:
 *
 *   {"metadata": {...}, "weight_map": {tensor: "diffusion_pytorch_model-00001-of-00002.safetensors", ...}}
 */

import { CheckpointError, check } from "../tensor/check";
import { type ByteSource, MissingError } from "./byte_source";
import { type Checkpoint, checkpointOf, type TensorEntry } from "./checkpoint";
import { describe, isJsonObject, type JsonObject } from "./json";
import { openSafetensors } from "./safetensors";

/** The largest published checkpoints have some hundred; each costs a request before any tensor is read. */
const SHARDS_MAX = 1000;

/** File names in messages before "and n more". */
const NAMES_SHOWN = 5;

/**
 * Opens the shards that `index`, parsed from the file `where`, lists; `siblingOf` gives the file of a name beside it.
 * Throws CheckpointError unless index and shards agree on every tensor.
 */
export async function openSharded(
  index: JsonObject,
  where: string,
  siblingOf: (fileName: string) => ByteSource,
): Promise<Checkpoint> {
  const wanted = parseWeightMap(index, where);
  const shards = await Promise.all(
    [...wanted.keys()].map(async (file) => [file, await openShard(siblingOf(file), where)] as const),
  );
  const tensors = new Map<string, TensorEntry>();
  const metadata = new Map<string, string>();
  for (const [file, shard] of shards) {
    const names = wanted.get(file) ?? new Set();
    const missing = [...names].filter((name) => !shard.tensors.has(name));
    check(missing.length === 0, () => `${shard.name}: must have ${listed(missing)}, as ${where} says`, CheckpointError);
    const extra = [...shard.tensors.keys()].filter((name) => !names.has(name));
    check(
      extra.length === 0,
      () => `${shard.name}: must have only what ${where} puts into it, got also ${listed(extra)}`,
      CheckpointError,
    );
    for (const [name, entry] of shard.tensors) tensors.set(name, entry);
    for (const [name, text] of shard.metadata) metadata.set(name, text);
  }
  return checkpointOf(where, tensors, metadata);
}

/** The tensors that the index puts into each shard. */
function parseWeightMap(index: JsonObject, where: string): Map<string, Set<string>> {
  const map = Object.hasOwn(index, "weight_map") ? index.weight_map : undefined;
  check(isJsonObject(map), () => `${where}: weight_map must be an object, got ${describe(map)}`, CheckpointError);
  const wanted = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(map)) {
    // A name with a slash, a drive or a scheme could reach files outside the folder.
    check(
      typeof file === "string" && /^[\w-][\w.-]*\.safetensors$/.test(file),
      () =>
        `${where}: weight_map must name .safetensors files beside it, got ${describe(file)} for ${describe(tensor)}`,
      CheckpointError,
    );
    wanted.set(file, (wanted.get(file) ?? new Set()).add(tensor));
  }
  check(
    wanted.size > 0 && wanted.size <= SHARDS_MAX,
    () => `${where}: weight_map must name 1 to ${SHARDS_MAX} files, got ${wanted.size}`,
    CheckpointError,
  );
  return wanted;
}

async function openShard(source: ByteSource, index: string): Promise<Checkpoint> {
  try {
    const shard = await openSafetensors(source);
    // A page has few connections to a server: shards that wait to be read must not hold them all.
    await source.release?.();
    return shard;
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    throw new CheckpointError(`${index}: all its shards must be there, got none at ${source.name}`, { cause: error });
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
