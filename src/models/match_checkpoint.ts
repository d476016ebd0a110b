/** Whether a checkpoint is the model's, and if not, why not. */
import type { Checkpoint, TensorEntry } from "../checkpoint/checkpoint";
import { CheckpointError, check } from "../tensor/check";
import { formatShape, type Shape, sameShape } from "../tensor/shape";
import { isFloats } from "./weights";

/** The attention layers' names in the first diffusers releases. */
const LEGACY_NAMES: Readonly<Record<string, string>> = {
  to_q: "query",
  to_k: "key",
  to_v: "value",
  "to_out.0": "proj_attn",
};

/** How many names an error lists before it only counts. */
const NAMES_SHOWN = 4;

/**
 * Finds each tensor of `shapes` (by the model's names) in the checkpoint; returns the file's own name for each.
 * @throws CheckpointError for missing, misshapen, mistyped and unexpected tensors, naming them.
 */
export function matchCheckpoint(
  shapes: ReadonlyMap<string, Shape>,
  checkpoint: Pick<Checkpoint, "name" | "tensors">,
): Map<string, string> {
  const { name: file, tensors } = checkpoint;
  const fileNames = new Map<string, string>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  const mistyped: string[] = [];
  for (const [name, shape] of shapes) {
    const found = fileNameOf(name, tensors);
    if (found === undefined) {
      missing.push(name);
      continue;
    }
    fileNames.set(name, found);
    const entry = tensors.get(found)!;
    if (!fits(entry, shape, name)) {
      misshapen.push(`${found} must be ${formatShape(shape)}, got ${formatShape(entry.shape)}`);
    }
    if (!isFloats(entry)) mistyped.push(`${found} must be ${numbersFor(found, entry)}`);
  }
  const wanted = new Set(fileNames.values());
  const extra = [...tensors.keys()].filter((name) => !wanted.has(name));
  check(
    missing.length === 0,
    () => `${file}: must have ${some(missing)}, got none${alsoExtra(extra)}`,
    CheckpointError,
  );
  check(misshapen.length === 0, () => `${file}: ${some(misshapen, "; ")}`, CheckpointError);
  check(mistyped.length === 0, () => `${file}: ${some(mistyped, "; ")}`, CheckpointError);
  check(
    extra.length === 0,
    () => `${file}: must have no tensors beyond the model's, got ${some(extra)}`,
    CheckpointError,
  );
  return fileNames;
}

/** What a tensor's type must be and is, for a message. */
function numbersFor(name: string, { dtype }: TensorEntry): string {
  return dtype === "I8" ? `of floats, got I8 without ${name}_scale` : `of floats, got ${dtype}`;
}

/** The first few of `names`, and how many more there are. */
function some(names: readonly string[], separator = ", "): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(separator) + (more > 0 ? `${separator}and ${more} more` : "");
}

function alsoExtra(extra: readonly string[]): string {
  return extra.length === 0 ? "" : `; the file has ${some(extra)} instead`;
}

/** The name under which a file has a tensor of the model, if it does. */
function fileNameOf(name: string, tensors: Checkpoint["tensors"]): string | undefined {
  return [name, legacyName(name)].find((candidate) => tensors.has(candidate));
}

/** `query` for `to_q` and so on, in attention layers only. */
function legacyName(name: string): string {
  return name.replace(/(\.attentions\.\d+\.)(to_q|to_k|to_v|to_out\.0)\./, (_, path: string, layer: string) => {
    return `${path}${LEGACY_NAMES[layer]}.`;
  });
}

/** Attention's matrices were 1x1 convolutions once; the numbers are the same. */
function fits({ shape }: TensorEntry, expected: Shape, name: string): boolean {
  if (sameShape(shape, expected)) return true;
  const isMatrix = expected.length === 2 && /\.attentions\.\d+\./.test(name);
  return isMatrix && (sameShape(shape, [...expected, 1, 1]) || sameShape(shape, [...expected, 1]));
}
