/** A page's memory for what the tuner found there: one entry of its localStorage. */
import type { Tuning } from "../sampler/tuning";
import { formatTuning, joinTunings, parseTuning } from "./tuning_text";

const KEY = "unstatic-tuning";

/** What was remembered; undefined for nothing. @throws InputError for an entry that is not a tuning. */
export function rememberedTuning(storage: Storage = localStorage): Tuning | undefined {
  const text = storage.getItem(KEY);
  return text === null ? undefined : parseTuning(text, `localStorage '${KEY}'`);
}

/** Adds `tuning` to what is remembered. */
export function rememberTuning(tuning: Tuning, storage: Storage = localStorage): void {
  storage.setItem(KEY, formatTuning(joinTunings(rememberedTuning(storage) ?? { places: {} }, tuning)));
}

export function forgetTuning(storage: Storage = localStorage): void {
  storage.removeItem(KEY);
}
