#!/usr/bin/env node
/**
 * The command line. Data goes to standard output, all else to standard error; failure is a non-zero exit code.
 *
 * On Linux the Vulkan driver is chosen by environment variables that are read when a process starts, so a command that
 * needs a GPU starts itself again with the right ones.
 */
import { spawnSync } from "node:child_process";
import { UnstaticError } from "../index";
import { BENCH_HELP, bench } from "./bench";
import { CATALOGUE_HELP, catalogue } from "./catalogue";
import { COMPARE_HELP, compare } from "./compare";
import { findDriver } from "./driver";
import { GENERATE_HELP, generate } from "./generate";
import { INSPECT_HELP, inspect } from "./inspect";
import { NOISE_HELP, noise } from "./noise";
import { UsageError } from "./options";
import { QUANTIZE_HELP, quantize } from "./quantize";
import { SCHEDULE_HELP, schedule } from "./schedule";
import { TUNE_HELP, tune } from "./tune";
import { VERIFY_HELP, verify } from "./verify";

interface Command {
  readonly help: string;
  readonly needsGpu: boolean;
  /** Whether the command's answer is "yes". */
  readonly run: (args: readonly string[]) => Promise<boolean>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  generate: { help: GENERATE_HELP, needsGpu: true, run: generate },
  catalogue: { help: CATALOGUE_HELP, needsGpu: true, run: catalogue },
  noise: { help: NOISE_HELP, needsGpu: true, run: noise },
  schedule: { help: SCHEDULE_HELP, needsGpu: true, run: schedule },
  inspect: { help: INSPECT_HELP, needsGpu: false, run: inspect },
  quantize: { help: QUANTIZE_HELP, needsGpu: false, run: quantize },
  verify: { help: VERIFY_HELP, needsGpu: true, run: verify },
  tune: { help: TUNE_HELP, needsGpu: true, run: tune },
  bench: { help: BENCH_HELP, needsGpu: true, run: bench },
  compare: { help: COMPARE_HELP, needsGpu: false, run: compare },
};

/** Set for the child process: which driver its environment selects. */
const DRIVER = "UNSTATIC_DRIVER";

async function main(argv: readonly string[]): Promise<number> {
  const [name = "--help", ...args] = argv;
  if (name === "--help" || name === "-h" || name === "help") {
    console.log(
      Object.values(COMMANDS)
        .map(({ help }) => help)
        .join("\n\n"),
    );
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`unknown command '${name}'; there are ${Object.keys(COMMANDS).join(", ")}`);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(command.help);
    return 0;
  }
  if (command.needsGpu && !process.env[DRIVER] && !args.includes("--cpu")) {
    const { adapter, environment } = await findDriver();
    if (Object.keys(environment).length > 0) return startAgain({ ...environment, [DRIVER]: adapter });
  }
  return (await command.run(args)) ? 0 : 1;
}

/** Runs this very command line in a child with `environment` added; returns its exit code. */
function startAgain(environment: Readonly<Record<string, string>>): number {
  const args = [...process.execArgv, ...process.argv.slice(1)];
  const { status, signal, error } = spawnSync(process.execPath, args, {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  if (error) throw error;
  if (signal) console.error(`unstatic: ended by ${signal}`);
  return status ?? 1;
}

try {
  // Dawn keeps the process alive while a device is open; every command ends here.
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  const isExpected = error instanceof UnstaticError || error instanceof UsageError;
  console.error(`unstatic: ${isExpected || !process.env.DEBUG ? (error as Error).message : (error as Error).stack}`);
  if (error instanceof UsageError) console.error("  unstatic --help lists what there is");
  process.exit(error instanceof UsageError ? 2 : 1);
}
