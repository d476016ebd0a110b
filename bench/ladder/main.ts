/** `npm run bench:ladder`: climbs the ladders on this machine's adapter, and prints what each rung gains. */
import { digits, textTable } from "../../src/bench/text_table";
import { Options, UsageError } from "../../src/cli/options";
import { ProgressBar } from "../../src/cli/progress";
import { openDevice } from "../../src/runtime/device";
import { Pipelines } from "../../src/runtime/pipelines";
import { openClock } from "../../src/runtime/timing";
import { climb, type Result, type Skipped } from "./climb";
import { convLadder } from "./conv";
import { matmulLadder } from "./matmul";
import type { Ladder } from "./rung";

const HELP = `npm run bench:ladder -- [conv] [matmul] [options]
  every rung is checked against an f64 reference, then timed; UNSTATIC_ADAPTER chooses the adapter as everywhere
  --size <n>       conv: height and width of the picture (default: 32)
  --channels <n>   conv: input and output channels (default: 64)
  --rows <n>       matmul: M (default: 256)
  --depth <n>      matmul: K (default: 256)
  --columns <n>    matmul: N (default: 256)
  --rounds <n>     rounds, of which the best counts (default: 20)`;

const TYPES = {
  size: { type: "string" },
  channels: { type: "string" },
  rows: { type: "string" },
  depth: { type: "string" },
  columns: { type: "string" },
  rounds: { type: "string" },
  help: { type: "boolean" },
} as const;

const LADDERS: Readonly<Record<string, (options: Options) => Ladder>> = {
  conv: (options) => {
    const size = options.integer("size", 1, 1024) ?? 32;
    const channels = options.integer("channels", 1, 4096) ?? 64;
    return convLadder({ height: size, width: size, channels, outputs: channels });
  },
  matmul: (options) => {
    const [rows = 256, depth = 256, columns = 256] = ["rows", "depth", "columns"].map((name) =>
      options.integer(name, 1, 65536),
    );
    return matmulLadder({ rows, depth, columns });
  },
};

/** Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await run(new Options(args, TYPES, Object.keys(LADDERS).length));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`bench:ladder: ${error.message}\n\n${HELP}`);
    return 2;
  }
}

async function run(options: Options): Promise<void> {
  if (options.flag("help")) return console.log(HELP);
  const names = options.positionals.length > 0 ? options.positionals : Object.keys(LADDERS);
  for (const name of names) {
    if (!Object.hasOwn(LADDERS, name)) {
      throw new UsageError(`there is no ladder '${name}', only ${Object.keys(LADDERS).join(" and ")}`);
    }
  }
  const rounds = options.integer("rounds", 1, 10_000) ?? 20;
  const device = await openDevice();
  const bar = new ProgressBar();
  try {
    const pipelines = new Pipelines(device);
    const clock = await openClock(device);
    console.log(`${device.adapter.description}; ${clock.name}, best of ${rounds} rounds`);
    for (const name of names) {
      const ladder = LADDERS[name]!(options);
      const onProgress = (phase: string, done: number, total: number) => bar.show(phase, done, total);
      const results = await climb(ladder, { device, pipelines, clock, rounds, onProgress });
      bar.clear();
      console.log(`\n${ladder.title}, ${digits(ladder.flops / 1e6)} MFLOP\n${table(ladder, results)}`);
    }
    clock.destroy();
  } finally {
    bar.clear();
    device.destroy();
  }
}

/** One line a rung; a gain is against the rung before it that ran, and against the first. */
export function table(ladder: Ladder, results: readonly (Result | Skipped)[]): string {
  let first: number | undefined;
  let previous: number | undefined;
  const rows = results.map((result) => {
    if ("obstacle" in result) return [result.name, "-", "-", "-", "-", `  ${result.obstacle}`];
    const ms = result.ms ?? Number.NaN;
    const gains = [previous, first].map((other) => (other === undefined ? "" : `${(other / ms).toFixed(2)} x`));
    first ??= ms;
    previous = ms;
    const launched = result.name.startsWith("shipped") ? `  ${result.kernels.join(", ")}` : "";
    return [result.name, digits(ladder.flops / ms / 1e6), ...gains, result.error.toExponential(1), launched];
  });
  return textTable(["rung", "GFLOP/s", "on the last", "on the first", "max error", ""], rows);
}
