/** `unstatic schedule`: noise schedules in numbers and curves, and what samplers make of one static. */
import {
  type GenerateOptions,
  type Generation,
  InputError,
  load,
  type Model,
  noiseSteps,
  type RunReport,
} from "../index";
import { Canvas, textHeight } from "./canvas";
import { table } from "./noise";
import { Options, UsageError } from "./options";
import { enlarge, type Picture, writePng } from "./picture";
import { drawLegend, drawPlot, type Plot } from "./plot";
import { ProgressBar } from "./progress";
import { type Cell, contactSheet, inRows } from "./sheet";

export const SCHEDULE_HELP = `unstatic schedule [--schedule <name>] [--steps <n>] [--json]
  a noise schedule step by step: alpha, sigma, SNR, per cent of noise (default: cosine, 24 steps)

unstatic schedule --compare ["<prompt>"] [options]
  a picture of the noise schedules, and of what samplers make of one static
  --out <file.png>      where it goes (default: schedules.png)
  --model <folder>      whose pictures (default: weights/doodle); --no-samples draws the curves only, --no-curves the pictures
  --samplers <a,b:n,..> which samplers, each with steps of its own where it says so (default: twelve of them)
  --steps <n,m,...>     in how many steps, a sheet each (default: 6,24)
  --seed <n>            64-bit seed of the static (default: 0)
  --label <n>           a class number in place of the prompt
  --guidance <n>        how strongly the prompt pulls (default: the model's own)
  --json                print every run's figures on standard output`;

const TYPES = {
  compare: { type: "boolean" },
  schedule: { type: "string" },
  steps: { type: "string" },
  json: { type: "boolean" },
  out: { type: "string" },
  model: { type: "string" },
  "no-samples": { type: "boolean" },
  "no-curves": { type: "boolean" },
  samplers: { type: "string" },
  seed: { type: "string" },
  label: { type: "string" },
  guidance: { type: "string" },
} as const;

const SCHEDULES = ["linear", "scaled_linear", "cosine", "sigmoid"];
/** Those that suit any model: not the ones for EDM or flow models, nor Heun, which a terminal SNR near 0 blows up. */
const SAMPLERS = "ddpm,ddim,pndm,lms,euler,euler-ancestral,kdpm2,dpmsolver++,sde-dpmsolver++,unipc,deis,lcm";
const TRAINING_STEPS = 1000;

/** Pixels: a sampler's picture on the sheet, and how many stand in a line. */
const SAMPLE = 192;
const SAMPLE_COLUMNS = 6;
const PLOT = { width: 560, height: 330, margin: 20 };

export async function schedule(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  if (options.flag("compare")) return compare(options);
  if (options.positionals.length > 0) throw new UsageError("a prompt needs --compare");
  const steps = noiseSteps({
    schedule: options.text("schedule") ?? "cosine",
    steps: options.integer("steps", 1, TRAINING_STEPS) ?? 24,
  });
  console.log(options.flag("json") ? JSON.stringify(steps, null, 2) : table(steps));
  return true;
}

async function compare(options: Options): Promise<boolean> {
  const out = options.text("out") ?? "schedules.png";
  const hasCurves = !options.flag("no-curves");
  const hasSamples = !options.flag("no-samples");
  if (!hasCurves && !hasSamples) throw new UsageError("--no-curves and --no-samples leave nothing to draw");
  const { sheets, reports } = hasSamples ? await samples(options) : { sheets: [], reports: [] };
  await writePng(out, stack([...(hasCurves ? [curves()] : []), ...sheets]));
  if (options.flag("json")) console.log(JSON.stringify({ out, reports }, null, 2));
  else console.error(out);
  return true;
}

/** alpha-bar, sigma / alpha and SNR of the named schedules over the training steps. */
function curves(): Canvas {
  const schedules = SCHEDULES.map((name) => {
    const [, ...steps] = noiseSteps({ schedule: name, steps: TRAINING_STEPS });
    return { name, steps };
  });
  type Step = (typeof schedules)[number]["steps"][number];
  const curvesOf = (value: (step: Step) => number) =>
    schedules.map(({ name, steps }) => ({
      name,
      points: steps.map((step) => [step.timestep ?? 0, value(step)] as const),
    }));
  const x = { min: 0, max: TRAINING_STEPS, ticks: [0, 250, 500, 750, 1000], label: String };
  const plots: Plot[] = [
    {
      title: "alpha-bar: what is left of the picture",
      x,
      y: { min: 0, max: 1, ticks: [0, 0.25, 0.5, 0.75, 1], label: String },
      curves: curvesOf(({ alpha }) => alpha ** 2),
    },
    {
      title: "sigma: noise to signal",
      x,
      y: { min: -2, max: 3, ticks: [-2, -1, 0, 1, 2, 3], label: (power) => String(10 ** power) },
      curves: curvesOf(({ alpha, sigma }) => Math.log10(sigma / alpha)),
    },
    {
      title: "SNR in decibels",
      x,
      y: { min: -60, max: 40, ticks: [-60, -40, -20, 0, 20, 40], label: String },
      curves: curvesOf(({ snrDb }) => snrDb),
    },
  ];
  const { width, height, margin } = PLOT;
  const canvas = new Canvas(plots.length * width + 2 * margin, height + textHeight() + 3 * margin);
  plots.forEach((plot, i) => {
    drawPlot(canvas, plot, margin + i * width, margin, width, height);
  });
  drawLegend(canvas, SCHEDULES, margin + 62, margin + height + margin / 2);
  return canvas;
}

/** One static, many samplers: a sheet for every number of steps. */
async function samples(options: Options): Promise<{ sheets: Canvas[]; reports: RunReport[] }> {
  const entries = (options.text("samplers") ?? SAMPLERS).split(",").map((entry) => entry.split(":"));
  const counts = (options.text("steps") ?? "6,24").split(",").map(stepCount);
  // Where every sampler has its own number of steps, one sheet holds them all.
  const sheetCounts = entries.every(([, own]) => own !== undefined) ? [undefined] : counts;
  const seed = options.seed("seed") ?? 0n;
  const bar = new ProgressBar();
  using model = await load(options.text("model") ?? "weights/doodle", {
    onProgress: (phase, done, total) => bar.show(phase, done, total),
  });
  const { prompt, request } = requestOf(options, model, seed);
  const what = `${model.name}${prompt ? `, "${prompt}"` : ""}, seed ${seed}: one static`;
  const sheets: Canvas[] = [];
  const reports: RunReport[] = [];
  for (const count of sheetCounts) {
    const cells: Cell[] = [];
    for (const [name = "", own] of entries) {
      const steps = own === undefined ? count! : stepCount(own);
      const onProgress = (done: number, total: number) => bar.show(name, done, total);
      const { images, report } = await sample(model, name, { ...request, steps, onProgress });
      const picture = enlarge(images[0]!, Math.max(1, Math.floor(SAMPLE / images[0]!.width)));
      cells.push({ picture, caption: own === undefined ? name : `${name} ${own}` });
      reports.push(report);
    }
    const title = count === undefined ? what : `${what}, ${count} steps of each sampler`;
    sheets.push(contactSheet(inRows(cells, SAMPLE_COLUMNS), title));
  }
  bar.clear();
  return { sheets, reports };
}

/** What all samplers are asked for. A model with classes draws its first one where nothing is said. */
function requestOf(options: Options, model: Model, seed: bigint) {
  const label = options.integer("label", 0, 1e6);
  const guidance = options.number("guidance");
  const prompt = options.positionals[0] ?? (label === undefined ? model.labels[0] : undefined);
  const request: GenerateOptions = {
    seed,
    ...(prompt !== undefined && { prompt }),
    ...(label !== undefined && { classLabel: label }),
    ...(guidance !== undefined && { guidance }),
  };
  return { prompt, request };
}

async function sample(model: Model, sampler: string, request: GenerateOptions): Promise<Generation> {
  try {
    return await model.generate({ ...request, sampler });
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    throw new InputError(`--samplers ${sampler}: ${cause.message}`);
  }
}

function stepCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > TRAINING_STEPS) {
    throw new UsageError(`--steps must be integers from 1 to ${TRAINING_STEPS} with commas between, got '${text}'`);
  }
  return count;
}

/** Pictures below each other, from the left. */
function stack(parts: readonly Picture[]): Canvas {
  const canvas = new Canvas(
    Math.max(...parts.map(({ width }) => width)),
    parts.reduce((sum, { height }) => sum + height, 0),
  );
  let top = 0;
  for (const part of parts) {
    canvas.paste(part, Math.floor((canvas.width - part.width) / 2), top);
    top += part.height;
  }
  return canvas;
}
