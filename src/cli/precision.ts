/** `--weights` and `--precision`: how numbers lie on the GPU, for every command that loads a model. */
import { type LoadOptions, WEIGHT_DTYPES } from "../index";
import { type Options, UsageError } from "./options";

export const PRECISION_TYPES = { weights: { type: "string" }, precision: { type: "string" } } as const;

export const PRECISION_HELP = `  --weights <type>      matrices on the GPU as f32, f16 or int8 (default: as the file has them)
  --precision <type>    activations as f32, or as f16 where the adapter has shader-f16 (default: f32)`;

/** What `load` is to be told. */
export function precisionOf(options: Options): Pick<LoadOptions, "weights" | "precision"> {
  const given: { weights?: LoadOptions["weights"]; precision?: LoadOptions["precision"] } = {};
  const weights = options.text("weights");
  if (weights !== undefined) given.weights = oneOf("weights", weights, WEIGHT_DTYPES);
  const precision = options.text("precision");
  if (precision !== undefined) given.precision = oneOf("precision", precision, ["f32", "f16"] as const);
  return given as Pick<LoadOptions, "weights" | "precision">;
}

function oneOf<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (!found) throw new UsageError(`--${name} must be one of ${choices.join(", ")}, got '${text}'`);
  return found;
}
