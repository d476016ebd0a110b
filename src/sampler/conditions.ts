/** Which classes a generation draws, and how the network's images are told them. */
import type { Labels } from "../checkpoint/folder";
import type { UNet2DConfig } from "../models/unet_2d_config";
import { check, InputError } from "../tensor/check";
import type { GenerateOptions } from "./options";
import { classOf } from "./prompt";

export interface Conditions {
  /** One class per picture; empty for a model without classes. */
  readonly classes: readonly number[];
  /** The distinct labels that the network is told, in the order of the table's rows; one null without classes. */
  readonly labels: readonly (number | null)[];
  /** The index into `labels` of every image of the network's batch: pictures first, then their unguided twins. */
  readonly indices: readonly number[];
  readonly count: number;
  readonly guidance: number;
  readonly guided: boolean;
}

/** @throws InputError where prompt, classes and count do not fit the model or each other. */
export function conditionsOf(config: UNet2DConfig, names: Labels | undefined, options: GenerateOptions): Conditions {
  const classes = classesOf(config, names, options);
  const count = options.count ?? Math.max(classes.length, 1);
  check(
    classes.length <= 1 || classes.length === count,
    () => `count: must be the number of prompts, ${classes.length}, got ${count}`,
    InputError,
  );
  const perPicture = Array.from({ length: count }, (_, i) => classes[i] ?? classes[0] ?? null);
  const guidance = options.guidance ?? (classes.length > 0 ? names?.guidance : undefined) ?? 1;
  const guided = guidance !== 1;
  const unconditional = names?.unconditional;
  check(
    !guided || (classes.length > 0 && unconditional !== undefined),
    () => `guidance: must be 1 for a model that has no "unconditional" class in labels.json, got ${guidance}`,
    InputError,
  );
  check(
    guided || !options.guidanceRescale,
    () => `guidanceRescale: needs a guidance other than 1, got ${options.guidanceRescale}`,
    InputError,
  );
  const labels = [...new Set([...perPicture, ...(guided ? [unconditional!] : [])])];
  const told = guided ? [...perPicture, ...perPicture.map(() => unconditional!)] : perPicture;
  return {
    classes: perPicture as number[],
    labels,
    indices: told.map((label) => labels.indexOf(label)),
    count,
    guidance,
    guided,
  };
}

function classesOf(config: UNet2DConfig, names: Labels | undefined, { prompt, classLabel }: GenerateOptions): number[] {
  const { classEmbedding } = config;
  if (classEmbedding.type === "none") {
    check(prompt === undefined && classLabel === undefined, () => "prompt: this model draws without one", InputError);
    return [];
  }
  check(
    classEmbedding.type === "learned",
    () =>
      `generate: classes must be numbers (num_class_embeds), this model's class_embed_type is "${classEmbedding.type}"`,
    InputError,
  );
  check(
    (prompt === undefined) !== (classLabel === undefined),
    () => `prompt: must be given${names ? `. The model knows: ${names.labels.join(", ")}` : " as a classLabel"}`,
    InputError,
  );
  if (prompt !== undefined) {
    check(names, () => "prompt: this model's folder has no labels.json; give a classLabel instead", InputError);
    return [prompt].flat().map((text) => classOf(text, names.labels));
  }
  const classes = [classLabel!].flat();
  for (const label of classes) {
    check(
      Number.isInteger(label) && label >= 0 && label < classEmbedding.classes,
      () => `classLabel: must be an integer from 0 to ${classEmbedding.classes - 1}, got ${label}`,
      InputError,
    );
  }
  return classes;
}
