/** What was tuned in this browser, and whether the visitor wants it used: like the command line, the site asks first. */
import { rememberedTuning, type Tuning } from "../index";

const KEY = "unstatic-use-tuning";

export function wantsTuning(): boolean {
  try {
    return localStorage.getItem(KEY) === "yes";
  } catch {
    return false; // a browser that keeps nothing
  }
}

export function wantTuning(wanted: boolean): void {
  if (wanted) localStorage.setItem(KEY, "yes");
  else localStorage.removeItem(KEY);
}

/** What runs are to use; undefined for the engine's own table. An entry that cannot be read is *Benchmark*'s to tell of. */
export function tuningInUse(): Tuning | undefined {
  if (!wantsTuning()) return undefined;
  try {
    return rememberedTuning();
  } catch {
    return undefined;
  }
}
