/** `unstatic noise photo.png`: how a picture becomes static, step by step. */
import { cpu } from "../cpu";
import { noise as addNoise, type Noised, type NoiseOptions, type NoiseStep, noiseSteps, type Rng } from "../index";
import { Options, UsageError } from "./options";
import { enlarge, writePng } from "./picture";
import { readPicture, shrink } from "./picture_file";
import { contactSheet, inRows } from "./sheet";

export const NOISE_HELP = `unstatic noise <photo.png|jpg> [options]
  --schedule <name>     cosine, linear, scaled_linear, sigmoid, exp, laplace (default: cosine)
  --steps <n>           steps from picture to static, 1 to 1000 (default: 24)
  --step <k>            the step to show, 0 to n (default: half of them)
  --sheet               the picture at every step, with captions
  --seed <n>            64-bit seed of the static (default: 0)
  --rng <name>          torch-cuda or torch-cpu (default: torch-cuda)
  --out <file.png>      where the picture goes (default: noised.png)
  --cpu                 in TypeScript, without WebGPU
  --json                print the steps as JSON instead of a table`;

const TYPES = {
  schedule: { type: "string" },
  steps: { type: "string" },
  step: { type: "string" },
  sheet: { type: "boolean" },
  seed: { type: "string" },
  rng: { type: "string" },
  out: { type: "string" },
  cpu: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** A picture on a sheet is at most this wide or high, the sheet's pictures together about this wide. */
const THUMBNAIL = 176;
const SHEET_WIDTH = 2400;

export async function noise(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const [file] = options.positionals;
  if (!file) throw new UsageError("noise needs a picture");
  const { schedule = "cosine", steps = 24 } = {
    schedule: options.text("schedule"),
    steps: options.integer("steps", 1, 1000),
  };
  const all = noiseSteps({ schedule, steps });
  if (options.flag("sheet") && options.text("step"))
    throw new UsageError("--sheet shows every step: leave --step away");
  const step = options.integer("step", 0, steps) ?? Math.ceil(steps / 2);
  const out = options.text("out") ?? "noised.png";
  const rng = options.text("rng") as Rng | undefined;
  const request: NoiseOptions = {
    schedule,
    steps,
    seed: options.seed("seed") ?? 0n,
    ...(rng && { rng }),
    ...(options.flag("cpu") && { gpu: cpu() }),
  };

  const photo = await readPicture(file);
  let noised: Noised[];
  if (options.flag("sheet")) {
    const columns = Math.ceil(Math.sqrt(all.length * (photo.height / photo.width)));
    const limit = Math.max(16, Math.min(THUMBNAIL, Math.floor(SHEET_WIDTH / columns)));
    const small = shrink(photo, Math.max(1, Math.ceil(Math.max(photo.width, photo.height) / limit)));
    noised = await addNoise(
      small,
      all.map((each) => each.step),
      request,
    );
    const factor = Math.max(1, Math.floor(limit / Math.max(small.width, small.height)));
    const cells = noised.map(({ image, step: k, percent }) => {
      return { picture: enlarge(image, factor), caption: `${k}: ${percent.toFixed(1)}%` };
    });
    const title = `${schedule}, ${steps} steps, seed ${request.seed}: per cent of noise`;
    await writePng(out, contactSheet(inRows(cells, columns), title));
  } else {
    noised = [await addNoise(photo, step, request)];
    await writePng(out, noised[0]!.image);
  }
  report(options.flag("json"), out, noised, { schedule, steps, seed: String(request.seed) });
  return true;
}

function report(isJson: boolean, out: string, noised: readonly Noised[], request: object): void {
  const { adapter, staticHash } = noised[0]!;
  const steps = noised.map(({ image: _, adapter: _adapter, staticHash: _hash, ...step }) => step);
  if (isJson) console.log(JSON.stringify({ out, adapter, staticHash, ...request, levels: steps }, null, 2));
  else {
    console.log(table(steps));
    console.error(`adapter: ${adapter}\n${out}: static ${staticHash}`);
  }
}

/** The steps as lines for people. */
export function table(steps: readonly NoiseStep[]): string {
  const lines = steps.map(({ step, timestep, alpha, sigma, snr, snrDb, percent, addedPercent }) =>
    [
      String(step).padStart(4),
      String(timestep ?? "-").padStart(8),
      alpha.toFixed(5),
      sigma.toFixed(5),
      (Number.isFinite(snr) ? snr.toPrecision(4) : "inf").padStart(10),
      (Number.isFinite(snrDb) ? snrDb.toFixed(1) : "inf").padStart(7),
      percent.toFixed(2).padStart(7),
      addedPercent.toFixed(2).padStart(7),
    ].join("  "),
  );
  return ["step  timestep    alpha    sigma         SNR   SNR dB  noise %  added %", ...lines].join("\n");
}
