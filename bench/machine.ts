/** What receipts say of the machine and the code that ran. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Processes that wanted a core, in the minute before and in the last minute. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export function machineSince(loadBefore: number): Machine {
  return { cpu: cpus()[0]!.model, cores: cpus().length, loadBefore, loadAfter: loadNow() };
}

export function loadNow(): number {
  return loadavg()[0]!;
}

/** The commit, with "+" where files differ from it. */
export function commit(): string {
  const args = ["describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"];
  return execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
}

/** A word for file names: `llvmpipe`, `swiftshader`, or the adapter's own. */
export function adapterSlug(description: string): string {
  const name = /llvmpipe|swiftshader/i.exec(description)?.[0] ?? description;
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** Linux counts a process's time in hundredths of a second. */
const TICK_MS = 10;

/**
 * Milliseconds of processor time that a process and all its children have used; null where /proc does not say. It
 * counts threads that wait in a loop as working, so that a busy machine lengthens the time of thread pools that do.
 */
export function processorMs(pid: number): number | null {
  if (!existsSync("/proc/self/stat")) return null;
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // The second field, the command in brackets, may hold spaces.
      const fields = readFileSync(`/proc/${entry}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      parents.set(Number(entry), Number(fields[1]));
      ticks.set(Number(entry), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It ended in the meantime.
    }
  }
  const isOurs = (id: number | undefined): boolean =>
    id === pid || (id !== undefined && id > 1 && isOurs(parents.get(id)));
  let sum = 0;
  for (const [id, count] of ticks) if (isOurs(id)) sum += count;
  return sum * TICK_MS;
}
