/** `unstatic catalogue`: everything that a model can draw, for people and for the judge of how recognisable it is. */
import { writeFile } from "node:fs/promises";
import { encodeSafetensors, float32Tensor, type Image, load, type Model } from "../index";
import { Canvas, INK, textHeight } from "./canvas";
import { Options } from "./options";
import { grid, writePng } from "./picture";
import { PRECISION_HELP, PRECISION_TYPES, precisionOf } from "./precision";
import { ProgressBar } from "./progress";
import { inRows } from "./sheet";

export const CATALOGUE_HELP = `unstatic catalogue [folder] [options]
  draws every name that the model knows (default: weights/doodle)
  --count <n>           pictures of each (default: 6)
  --steps, --seed, --guidance, --sampler   as for generate
  --out <file.png>      a sheet with the names (default: catalogue.png)
  --samples <file>      also the numbers: safetensors with images (N, C, H, W) and labels (N)
${PRECISION_HELP}`;

const TYPES = {
  count: { type: "string" },
  steps: { type: "string" },
  seed: { type: "string" },
  guidance: { type: "string" },
  sampler: { type: "string" },
  out: { type: "string" },
  samples: { type: "string" },
  ...PRECISION_TYPES,
} as const;

/** Names side by side on the sheet. */
const COLUMNS = 3;
const GAP = 12;

export async function catalogue(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const count = options.integer("count", 1, 1000) ?? 6;
  const samples = options.text("samples");
  using model = await load(options.positionals[0] ?? "weights/doodle", precisionOf(options));
  console.error(`adapter: ${(await model.adapter()).description}`);
  const images = await drawAll(model, options, count);
  await writePng(options.text("out") ?? "catalogue.png", sheet(model.labels, images));
  if (samples) await writeFile(samples, encode(images));
  return true;
}

/** `count` pictures of every label; picture i of all labels begins as the same static, that of seed + i. */
async function drawAll(model: Model, options: Options, count: number): Promise<Image[][]> {
  const bar = new ProgressBar();
  const seed = options.seed("seed") ?? 0n;
  const [steps, guidance] = [options.integer("steps", 1, 1000), options.number("guidance")];
  const sampler = options.text("sampler");
  const drawn: Image[][] = [];
  for (const [index, prompt] of model.labels.entries()) {
    const { images } = await model.generate({
      prompt,
      count,
      seed,
      ...(steps !== undefined && { steps }),
      ...(guidance !== undefined && { guidance }),
      ...(sampler !== undefined && { sampler }),
    });
    drawn.push([...images]);
    bar.show("draw", index + 1, model.labels.length);
  }
  bar.clear();
  return drawn;
}

function sheet(names: readonly string[], images: readonly (readonly Image[])[]): Canvas {
  const strips = images.map((row) => grid([row], 2));
  const [width, height] = [strips[0]!.width + GAP, strips[0]!.height + textHeight(1) + GAP];
  const rows = inRows(strips, COLUMNS);
  const canvas = new Canvas(COLUMNS * width + GAP, rows.length * height + GAP);
  strips.forEach((strip, i) => {
    const [x, y] = [GAP + (i % COLUMNS) * width, GAP + Math.floor(i / COLUMNS) * height];
    canvas.text(names[i]!, x, y, INK, 1);
    canvas.paste(strip, x, y + textHeight(1) + 2);
  });
  return canvas;
}

function encode(images: readonly (readonly Image[])[]): Uint8Array {
  const all = images.flat();
  const { width: W, height: H, samples } = all[0]!;
  const C = samples.length / (W * H);
  const data = new Float32Array(all.length * samples.length);
  all.forEach((image, n) => {
    for (let c = 0; c < C; c++) {
      for (let p = 0; p < W * H; p++) data[(n * C + c) * W * H + p] = image.samples[p * C + c]!;
    }
  });
  const labels = Float32Array.from(images.flatMap((row, label) => row.map(() => label)));
  return encodeSafetensors(
    new Map([
      ["images", float32Tensor(data, [all.length, C, H, W])],
      ["labels", float32Tensor(labels, [all.length])],
    ]),
  );
}
