/** `unstatic generate "<prompt>"`: from static to a PNG. */
import { cpu } from "../cpu";
import { type Generation, type Image, load, type Rng, type SigmaSpacing, type StepSpacing } from "../index";
import { Options, UsageError } from "./options";
import { comfortableScale, enlarge, grid, type Picture, writePng } from "./picture";
import { readPicture } from "./picture_file";
import { PRECISION_HELP, PRECISION_TYPES, precisionOf } from "./precision";
import { ProgressBar } from "./progress";
import { inRows } from "./sheet";
import { readTuning, tuningFile } from "./tuning_file";

export const GENERATE_HELP = `unstatic generate "<prompt>" [options]
  --model <folder>      a diffusers folder, an address or hf:owner/name (default: weights/doodle)
  --out <file.png>      where the picture goes (default: <prompt>.png)
  --steps <n>           steps of the sampler, 1 to 1000 (default: 24)
  --seed <n>            64-bit seed of the static (default: 0)
  --sampler <name>      ddpm, ddim, ... (default: the model's own)
  --eta <n>             DDIM: 0 deterministic, 1 as noisy as DDPM (default: 0)
  --sigmas <name>       spacing of the noise levels: karras, exponential, beta, lu (default: the model's own)
  --spacing <name>      steps taken: leading, trailing, linspace (default: the model's own)
  --rng <name>          whose random numbers: torch-cuda or torch-cpu (default: torch-cuda)
  --init <picture>      start from a PNG or JPEG, cropped and scaled to the model's size
  --strength <s>        how much of it is noised away, above 0 to 1 (default: 0.8, with --mask 1)
  --mask <picture>      paint --init anew where this is white, and nowhere else
  --to-seed <n>         pictures on the way from the static of --seed to that of another seed
  --frames <n>          how many (default: 8)
  --numbered            with --grid or --frames, also every picture in a file of its own: <out>-000.png, ...
  --guidance <n>        how strongly the prompt pulls; 1 is off (default: the model's own)
  --guidance-rescale <p>
                        0 to 1: keeps guidance from overdoing contrast (default: 0)
  --grid <CxR>          C x R pictures of seeds seed, seed + 1, ...
  --sheet               every step: x_t above, the predicted x0 below
  --scale <n>           enlarge every pixel n times (default: to a width of about 512)
  --label <n>           a class number in place of the prompt
  --cpu                 in TypeScript, without WebGPU: what pages fall back to
${PRECISION_HELP}
  --tuning <file>       use what 'unstatic tune' found; 'own' for the file in the user's cache folder
  --json                print the run's figures on standard output`;

const TYPES = {
  model: { type: "string" },
  out: { type: "string" },
  steps: { type: "string" },
  seed: { type: "string" },
  sampler: { type: "string" },
  eta: { type: "string" },
  sigmas: { type: "string" },
  spacing: { type: "string" },
  rng: { type: "string" },
  init: { type: "string" },
  strength: { type: "string" },
  mask: { type: "string" },
  "to-seed": { type: "string" },
  frames: { type: "string" },
  numbered: { type: "boolean" },
  guidance: { type: "string" },
  "guidance-rescale": { type: "string" },
  grid: { type: "string" },
  sheet: { type: "boolean" },
  scale: { type: "string" },
  label: { type: "string" },
  cpu: { type: "boolean" },
  ...PRECISION_TYPES,
  tuning: { type: "string" },
  json: { type: "boolean" },
} as const;

/** Steps that a line of a contact sheet holds. */
const SHEET_COLUMNS = 25;

/** Pictures from one seed to another, and how many of them a line holds. */
const DEFAULT_FRAMES = 8;
const FRAME_COLUMNS = 8;

export async function generate(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const prompt = options.positionals[0];
  const { count, columns } = layoutOf(options);
  const scale = options.integer("scale", 1, 64);
  const request = await requestOf(options, prompt, count);
  const out =
    options.text("out") ?? `${(prompt ?? "picture").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "")}.png`;

  const bar = new ProgressBar();
  const tuning = options.text("tuning");
  const model = await load(options.text("model") ?? "weights/doodle", {
    ...(tuning !== undefined && { tuning: await readTuning(tuningFile(tuning)) }),
    onProgress: (phase, done, total) => bar.show(phase, done, total),
    ...(options.flag("cpu") && { gpu: cpu() }),
    ...precisionOf(options),
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
    if (options.flag("numbered")) await writeNumbered(out, generation.images, scale);
    if (options.flag("json")) console.log(JSON.stringify({ out, ...generation.report }, null, 2));
    else console.error(summary(out, generation));
    return true;
  } finally {
    bar.clear();
    model.destroy();
  }
}

/** How many pictures, and how many of them stand side by side. */
function layoutOf(options: Options): { count: number; columns: number } {
  const frames = options.integer("frames", 2, 1000);
  const leads = options.text("to-seed") !== undefined;
  if (frames !== undefined && !leads) throw new UsageError("--frames needs --to-seed, the seed that they lead to");
  const given = options.grid("grid");
  if (leads && given) throw new UsageError("--to-seed makes a grid of its own: give --frames in place of --grid");
  const count = leads ? (frames ?? DEFAULT_FRAMES) : given ? given[0] * given[1] : 1;
  if (options.flag("sheet") && count > 1) throw new UsageError("--sheet shows one picture: leave --grid away");
  return { count, columns: leads ? Math.min(count, FRAME_COLUMNS) : (given?.[0] ?? 1) };
}

async function requestOf(options: Options, prompt: string | undefined, count: number) {
  const picture = async (name: string) => {
    const file = options.text(name);
    return file === undefined ? undefined : readPicture(file);
  };
  const given = {
    prompt,
    classLabel: options.integer("label", 0, 1e6),
    count,
    steps: options.integer("steps", 1, 1000),
    seed: options.seed("seed"),
    sampler: options.text("sampler"),
    sigmas: options.text("sigmas") as SigmaSpacing | undefined,
    spacing: options.text("spacing") as StepSpacing | undefined,
    rng: options.text("rng") as Rng | undefined,
    toSeed: options.seed("to-seed"),
    init: await picture("init"),
    strength: options.number("strength"),
    mask: await picture("mask"),
    guidanceRescale: options.number("guidance-rescale"),
    eta: options.number("eta"),
    guidance: options.number("guidance"),
    keepSteps: options.flag("sheet"),
  };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof typeof given]?: NonNullable<(typeof given)[K]> };
}

function pictureOf({ images, steps }: Generation, columns: number): Picture {
  if (steps.length === 0) return grid(inRows(images, columns), columns === 1 && images.length === 1 ? 0 : 2);
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

async function writeNumbered(out: string, images: readonly Image[], scale: number | undefined): Promise<void> {
  const stem = out.replace(/\.png$/i, "");
  for (const [i, image] of images.entries()) {
    const file = `${stem}-${String(i).padStart(3, "0")}.png`;
    await writePng(file, enlarge(image, scale ?? comfortableScale(image)));
  }
}

function summary(out: string, { report }: Generation): string {
  const { ms, sampler, steps, seed, staticHash, guidance, submits, dispatchesPerStep, readbacks } = report;
  return [
    `${out}: ${sampler}, ${steps} steps, guidance ${guidance}, seed ${seed} (static ${staticHash})`,
    `  load ${ms.load.toFixed(0)} ms, compile ${ms.compile.toFixed(0)} ms, first step ${ms.firstStep.toFixed(0)} ms, ` +
      `then ${ms.laterStep.toFixed(1)} ms a step; ${ms.total.toFixed(0)} ms in all`,
    `  ${dispatchesPerStep} dispatches a step, ${submits} submits, ${readbacks} readback`,
  ].join("\n");
}
