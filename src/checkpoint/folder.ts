/**
 * Models as diffusers saves them, unconverted:
 *
 *   model/                               pipeline/
 *     config.json                          model_index.json
 *     diffusion_pytorch_model.safetensors  scheduler/scheduler_config.json
 *                                          unet/config.json, unet/diffusion_pytorch_model.safetensors
 *
 * In either, a scheduler's configuration may also lie at the top (as in google/ddpm-cifar10-32), and a `labels.json` may
 * name the classes of a class-conditional model.
 */

import { CheckpointError, check } from "../tensor/check";
import { type ByteSource, exists } from "./byte_source";
import type { Checkpoint } from "./checkpoint";
import { fields } from "./fields";
import { describe, type JsonObject, type JsonOptions, readJsonObject } from "./json";
import { HUB, type Place, placeOf } from "./place";
import { openSafetensors } from "./safetensors";

/** The names of a class-conditional model's classes, from `labels.json`; not part of diffusers. */
export interface Labels {
  /** Class i is labels[i]. */
  readonly labels: readonly string[];
  /** The class that stands for "no class" in classifier-free guidance. */
  readonly unconditional: number;
  /** The guidance scale that suits the model. */
  readonly guidance?: number;
}

/** An opened model folder: configurations as plain JSON, weights listed but not yet read. */
export interface Folder {
  /** The folder's own name, e.g. `doodle`. */
  readonly name: string;
  readonly unetConfig: JsonObject;
  /** The file of `unetConfig`, for messages about its fields. */
  readonly unetConfigFile: string;
  readonly schedulerConfig?: JsonObject;
  /** The file of `schedulerConfig`, for messages about its fields. */
  readonly schedulerConfigFile?: string;
  readonly labels?: Labels;
  readonly checkpoint: Checkpoint;
}

export interface FolderOptions {
  /** The server of `hf:owner/name`: a mirror of Hugging Face's hub, which it is unless given. */
  readonly hub?: string;
  /** Ends the loading; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Weights as diffusers names them, best first; the last word of an index is its variant. */
const WEIGHTS = [
  "diffusion_pytorch_model.safetensors",
  "diffusion_pytorch_model.fp16.safetensors",
  "diffusion_pytorch_model.safetensors.index.json",
  "diffusion_pytorch_model.safetensors.index.fp16.json",
];

/** What becomes of labels.json's numbers beyond these is a mistake, not a model. */
const CLASSES_MAX = 100_000;
const GUIDANCE_MAX = 100;

/**
 * Opens the diffusers folder at `location`: a local path (Node), an address (absolute; in pages also relative), or
 * `hf:owner/name`, which is looked up at `hub`. Reads configurations and the weights' headers, no tensor.
 * Throws CheckpointError, naming file and field, for whatever is missing or malformed.
 */
export async function openFolder(location: string, { hub = HUB, signal }: FolderOptions = {}): Promise<Folder> {
  const place = await placeOf(location, hub, signal);
  const { prefix, unetConfig, unetConfigFile, saver } = await findUnet(place);
  const [scheduler, labels, checkpoint] = await Promise.all([
    findFirst(place, ["scheduler/scheduler_config.json", "scheduler_config.json"]),
    readIfPresent(place.file("labels.json")),
    openWeights(place, prefix, saver),
  ]);
  return {
    name: place.name,
    unetConfig,
    unetConfigFile,
    ...(scheduler && { schedulerConfig: scheduler.json, schedulerConfigFile: scheduler.file }),
    ...(labels && { labels: parseLabels(labels, place.file("labels.json").name) }),
    checkpoint: hasIntegers(checkpoint) ? (await import("./quantized")).withScales(checkpoint) : checkpoint,
  };
}

function hasIntegers({ tensors }: Checkpoint): boolean {
  return [...tensors.values()].some(({ dtype }) => dtype === "I8");
}

export interface FoundUnet {
  /** `unet/`, or empty for the top. */
  readonly prefix: string;
  readonly unetConfig: JsonObject;
  readonly unetConfigFile: string;
  /** The class of diffusers that reads and writes such a folder. */
  readonly saver: "DiffusionPipeline" | "UNet2DModel";
}

/** As diffusers does, prefers the pipeline's `unet/` and takes the top where there is none. */
async function findUnet(place: Place): Promise<FoundUnet> {
  const pipeline = await readIfPresent(place.file("model_index.json"));
  if (pipeline) checkPipeline(pipeline, place.file("model_index.json").name);
  const prefixes = pipeline ? ["unet/", ""] : [""];
  for (const prefix of prefixes) {
    const config = place.file(`${prefix}config.json`);
    const unetConfig = await readIfPresent(config);
    if (unetConfig) {
      return { prefix, unetConfig, unetConfigFile: config.name, saver: pipeline ? "DiffusionPipeline" : "UNet2DModel" };
    }
  }
  throw (await import("./missing_parts")).missingUnet(place, prefixes);
}

function checkPipeline(pipeline: JsonObject, where: string): void {
  const parts = Object.keys(pipeline).filter((name) => !name.startsWith("_"));
  check(
    Object.hasOwn(pipeline, "unet"),
    () => `${where}: the pipeline must have a unet, got ${describe(pipeline._class_name)} of ${parts.join(", ")}`,
    CheckpointError,
  );
}

async function openWeights(place: Place, prefix: string, saver: FoundUnet["saver"]): Promise<Checkpoint> {
  for (const name of WEIGHTS) {
    const source = place.file(prefix + name);
    if (!(await exists(source))) continue;
    if (name.endsWith(".safetensors")) return openSafetensors(source);
    const { openSharded } = await import("./sharded");
    return openSharded(await readJsonObject(source), source.name, (shard) => place.file(prefix + shard));
  }
  const { missingWeights } = await import("./missing_parts");
  throw await missingWeights(place, prefix, saver, WEIGHTS);
}

async function findFirst(
  place: Place,
  paths: readonly string[],
): Promise<{ json: JsonObject; file: string } | undefined> {
  for (const path of paths) {
    const source = place.file(path);
    const json = await readIfPresent(source, { allowInfinity: true });
    if (json) return { json, file: source.name };
  }
  return undefined;
}

async function readIfPresent(source: ByteSource, options?: JsonOptions): Promise<JsonObject | undefined> {
  return (await exists(source)) ? readJsonObject(source, options) : undefined;
}

function parseLabels(json: JsonObject, where: string): Labels {
  const f = fields(json, where);
  const labels = f.strings("labels", { minLength: 1, maxLength: CLASSES_MAX });
  const seen = new Set<string>();
  for (const label of labels) {
    check(!seen.has(label), () => `${where}: labels must be unique, got ${describe(label)} twice`, CheckpointError);
    seen.add(label);
  }
  const unconditional = f.int("unconditional", { min: 0, max: CLASSES_MAX });
  const guidance = f.has("guidance") ? f.number("guidance", { min: 0, max: GUIDANCE_MAX }) : undefined;
  const rest = f.rest();
  check(rest.length === 0, () => `${where}: must have no other fields, got ${rest.join(", ")}`, CheckpointError);
  return { labels, unconditional, ...(guidance !== undefined && { guidance }) };
}
