/** The command line as a person types it: the built file, in a process of its own, from the project's root. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds dist/cli.js. */
export async function buildCommand(): Promise<void> {
  expect(await run("npm", ["run", "-s", "build:cli"])).toMatchObject({ code: 0 });
}

/** Runs `unstatic` with `args`. */
export function unstatic(...args: readonly string[]): Promise<Result> {
  return run(process.execPath, ["dist/cli.js", ...args]);
}

function run(command: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT, timeout: 100_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}
