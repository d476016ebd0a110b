/** Where tunings lie on a disk: one JSON file per user, for all adapters and models. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { formatTuning, InputError, joinTunings, parseTuning, type Tuning } from "../index";

/** What `--tuning` takes for the user's own file. */
const OWN = "own";

/** The file that `--tuning` or `--file` means; the user's own unless given. */
export function tuningFile(given = OWN): string {
  if (given !== OWN) return given;
  const windows = process.platform === "win32" ? process.env.LOCALAPPDATA : undefined;
  return join(windows ?? process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "unstatic", "tuning.json");
}

/** @throws InputError where there is no such file, or what is there is no tuning. */
export async function readTuning(file: string): Promise<Tuning> {
  const text = await textOf(file);
  if (text === undefined) throw new InputError(`${file}: there is no such file; 'unstatic tune <folder>' writes it`);
  return parseTuning(text, file);
}

/** Adds `tuning` to what the file holds, or begins it. */
export async function addTuning(file: string, tuning: Tuning): Promise<void> {
  const text = await textOf(file);
  const joined = text === undefined ? tuning : joinTunings(parseTuning(text, file), tuning);
  await mkdir(dirname(file), { recursive: true });
  // Renamed when whole: a command that reads meanwhile finds the old file or the new one.
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, formatTuning(joined));
  await rename(partial, file);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
