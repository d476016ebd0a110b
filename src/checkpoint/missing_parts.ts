/** What to say of a folder that is not what it must be. Fetched where that must be said. */
import { CheckpointError } from "../tensor/check";
import { exists } from "./byte_source";
import type { FoundUnet } from "./folder";
import type { Place } from "./place";

/** PyTorch's own format: a program that runs when the file is opened, so that no page should. */
const PICKLES = ["diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.bin", "pytorch_model.bin"];

export function missingUnet({ location }: Place, prefixes: readonly string[]): CheckpointError {
  const lookedFor = [
    ...prefixes.map((prefix) => `${prefix}config.json`),
    ...(prefixes.length > 1 ? [] : ["model_index.json"]),
  ];
  return new CheckpointError(
    `${location}: must be a diffusers folder, got no ${lookedFor.join(" and no ")}. ` +
      "Give the folder that save_pretrained() wrote, its address, or hf:owner/name.",
  );
}

export async function missingWeights(
  place: Place,
  prefix: string,
  saver: FoundUnet["saver"],
  lookedFor: readonly string[],
): Promise<CheckpointError> {
  for (const name of PICKLES) {
    const source = place.file(prefix + name);
    if (!(await exists(source))) continue;
    return new CheckpointError(
      `${source.name}: weights must be safetensors, got only a pickle, which is a program and is never run here. ` +
        `Convert it once in Python: from diffusers import ${saver}; ` +
        `${saver}.from_pretrained("${place.location.replace(/^hf:/, "")}").save_pretrained("converted")`,
    );
  }
  return new CheckpointError(
    `${place.location}: must have weights, got none of ${lookedFor.join(", ")} in ${prefix || "it"}`,
  );
}
