/** What receipts say of the machine and the code that ran. */
import { execFileSync } from "node:child_process";
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
