/** `unstatic generate "<prompt>"`: from static to a PNG. */
import { type Generation, type Image, load } from "../index";
import { Options, UsageError } from "./options";
import { comfortableScale, enlarge, grid, type Picture, writePng } from "./picture";
import { ProgressBar } from "./progress";

export const GENERATE_HELP = `unstatic generate "<prompt>" [options]
  --model <folder>      a diffusers folder, an address or hf:owner/name (default: weights/doodle)
  --out <file.png>      where the picture goes (default: <prompt>.png)
  --steps <n>           steps of the sampler, 1 to 1000 (default: 24)
  --seed <n>            64-bit seed of the static (default: 0)
  --sampler <name>      ddpm, ddim, ... (default: the model's own)
  --eta <n>             DDIM: 0 deterministic, 1 as noisy as DDPM (default: 0)
  --guidance <n>        how strongly the prompt pulls; 1 is off (default: the model's own)
  --grid <CxR>          C x R pictures of seeds seed, seed + 1, ...
  --sheet               every step: x_t above, the predicted x0 below
  --scale <n>           enlarge every pixel n times (default: to a width of about 512)
  --label <n>           a class number in place of the prompt
  --json                print the run's figures on standard output`;

const TYPES = {
  model: { type: "string" },
  out: { type: "string" },
  steps: { type: "string" },
  seed: { type: "string" },
  sampler: { type: "string" },
  eta: { type: "string" },
  guidance: { type: "string" },
  grid: { type: "string" },
  sheet: { type: "boolean" },
  scale: { type: "string" },
  label: { type: "string" },
  json: { type: "boolean" },
} as const;

/** Steps that a line of a contact sheet holds. */
const SHEET_COLUMNS = 25;

export async function generate(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const prompt = options.positionals[0];
  const [columns, rows] = options.grid("grid") ?? [1, 1];
  if (options.flag("sheet") && columns * rows > 1) throw new UsageError("--sheet shows one picture: leave --grid away");
  const scale = options.integer("scale", 1, 64);
  const request = requestOf(options, prompt, columns * rows);
  const out =
    options.text("out") ?? `${(prompt ?? "picture").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "")}.png`;

  const bar = new ProgressBar();
  const model = await load(options.text("model") ?? "weights/doodle", {
    onProgress: (phase, done, total) => bar.show(phase, done, total),
  });
  try {
    const { description, kind } = await model.adapter();
    bar.clear();
    console.error(`adapter: ${description}${kind === "cpu" ? " (software)" : ""}`);
    const generation = await model.generate({
      ...request,
      onProgress: (done, total) => bar.show("denoise", done, total),
    });
    bar.clear();
    const picture = pictureOf(generation, columns);
    await writePng(out, enlarge(picture, scale ?? comfortableScale(picture)));
    if (options.flag("json")) console.log(JSON.stringify({ out, ...generation.report }, null, 2));
    else console.error(summary(out, generation));
    return true;
  } finally {
    bar.clear();
    model.destroy();
  }
}

function requestOf(options: Options, prompt: string | undefined, count: number) {
  const given = {
    prompt,
    classLabel: options.integer("label", 0, 1e6),
    count,
    steps: options.integer("steps", 1, 1000),
    seed: options.seed("seed"),
    sampler: options.text("sampler"),
    eta: options.number("eta"),
    guidance: options.number("guidance"),
    keepSteps: options.flag("sheet"),
  };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof typeof given]?: NonNullable<(typeof given)[K]> };
}

function pictureOf({ images, steps }: Generation, columns: number): Picture {
  if (steps.length === 0) return grid(linesOf(images, columns), columns === 1 && images.length === 1 ? 0 : 2);
  const lines: Image[][] = [];
  for (let first = 0; first < steps.length; first += SHEET_COLUMNS) {
    const line = steps.slice(first, first + SHEET_COLUMNS);
    lines.push(
      line.map(({ x }) => x[0]!),
      line.map(({ x0 }) => x0[0]!),
    );
  }
  return grid(lines, 2);
}

function linesOf(images: readonly Image[], columns: number): Image[][] {
  return Array.from({ length: images.length / columns }, (_, row) => images.slice(row * columns, (row + 1) * columns));
}

function summary(out: string, { report }: Generation): string {
  const { ms, sampler, steps, seed, guidance, submits, dispatchesPerStep, readbacks } = report;
  return [
    `${out}: ${sampler}, ${steps} steps, guidance ${guidance}, seed ${seed}`,
    `  load ${ms.load.toFixed(0)} ms, compile ${ms.compile.toFixed(0)} ms, first step ${ms.firstStep.toFixed(0)} ms, ` +
      `then ${ms.laterStep.toFixed(1)} ms a step; ${ms.total.toFixed(0)} ms in all`,
    `  ${dispatchesPerStep} dispatches a step, ${submits} submits, ${readbacks} readback`,
  ].join("\n");
}
