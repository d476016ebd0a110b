/** A tuning as text, for a file or a page's storage; what is read may have been written by anybody. */
import type { Choice } from "../kernels/choices";
import type { Tuning } from "../sampler/tuning";
import { check, InputError } from "../tensor/check";

const FORMAT = "unstatic tuning 1";
const FIELDS = ["algorithm", "workgroup", "slices"];
/** Whatever a choice may ask for, WebGPU's default limits allow. */
const WORKGROUPS: readonly unknown[] = [undefined, 16, 32, 64, 128, 256];
const SLICES: readonly unknown[] = [undefined, 1, 2, 4];
const REMEDY = "delete it and tune again";

export function formatTuning({ places }: Tuning): string {
  return `${JSON.stringify({ format: FORMAT, places }, null, 2)}\n`;
}

/** @throws InputError, beginning with `where`, for a text that `formatTuning` did not write. */
export function parseTuning(text: string, where: string): Tuning {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${where}: must be JSON, got: ${(cause as Error).message}; ${REMEDY}`);
  }
  const { format, places } = objectOf(json, where);
  check(
    format === FORMAT,
    () => `${where}: 'format' must be '${FORMAT}', got ${JSON.stringify(format)}; ${REMEDY}`,
    InputError,
  );
  const parsed = Object.entries(objectOf(places, `${where}: places`)).map(([place, choices]) => {
    const entries = Object.entries(objectOf(choices, `${where}: '${place}'`));
    return [place, Object.fromEntries(entries.map(([key, choice]) => [key, choiceOf(choice, `${where}: '${key}'`)]))];
  });
  return { places: Object.fromEntries(parsed) };
}

/** A choice in words: `direct, workgroup 32`. */
export function choiceName({ algorithm, workgroup, slices }: Choice): string {
  return [algorithm, ...(workgroup ? [`workgroup ${workgroup}`] : []), ...(slices ? [`${slices} slices`] : [])].join(
    ", ",
  );
}

/** Both; where both know a shape, the later one's choice. */
export function joinTunings(earlier: Tuning, later: Tuning): Tuning {
  const places = { ...earlier.places };
  for (const [place, choices] of Object.entries(later.places)) places[place] = { ...places[place], ...choices };
  return { places };
}

function choiceOf(value: unknown, where: string): Choice | null {
  if (value === null) return null;
  const choice = objectOf(value, where);
  const { algorithm, workgroup, slices } = choice;
  const isKnown =
    typeof algorithm === "string" &&
    WORKGROUPS.includes(workgroup) &&
    SLICES.includes(slices) &&
    Object.keys(choice).every((field) => FIELDS.includes(field));
  check(
    isKnown,
    () => `${where}: must be a choice that the tuner makes, got ${JSON.stringify(choice)}; ${REMEDY}`,
    InputError,
  );
  return choice as unknown as Choice;
}

function objectOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  check(
    typeof value === "object" && value !== null && !Array.isArray(value),
    () => `${where}: must be an object, got ${JSON.stringify(value)}; ${REMEDY}`,
    InputError,
  );
  return value as Readonly<Record<string, unknown>>;
}
