/**
 * The forward process on any picture: x_t = alpha_t x_0 + sigma_t eps (Ho et al. 2020, equation 4), by the kernel that
 * image to image starts with. The noising half of the story: how a picture becomes static.
 */
import { addNoise } from "../kernels/add_noise";
import { samplerState } from "../kernels/sampler_state";
import { Recording } from "../recording/recording";
import { type Device, type DeviceOptions, openDevice } from "../runtime/device";
import { Pipelines } from "../runtime/pipelines";
import { Program } from "../runtime/program";
import { replay } from "../runtime/replay";
import { Weights } from "../runtime/weights";
import { forwardTable, type NoiseLevel, noiseLevels, noiseSchedule } from "../schedulers/forward";
import { packTable } from "../schedulers/pack";
import { check, InputError } from "../tensor/check";
import { type BHWC, pad4, padRows, unpadRows } from "../tensor/shape";
import { hostStatics } from "./host_statics";
import { type Image, imagesOf } from "./image";
import { seedOf } from "./options";
import { type Samples, type SourcePicture, samplesOf } from "./source_picture";
import { type Rng, staticHash, streamsOf } from "./statics";

export interface NoiseOptions extends DeviceOptions {
  /** "linear", "scaled_linear", "cosine" (diffusers' squaredcos_cap_v2), "sigmoid", "exp", "laplace"; cosine unless given. */
  readonly schedule?: string;
  /** Steps from picture to static, 1 to 1000, spread evenly over the schedule's 1000; 24 unless given. */
  readonly steps?: number;
  /** 64-bit seed of the static; 0 unless given. */
  readonly seed?: number | bigint;
  /** Whose random numbers; torch's on CUDA unless given. */
  readonly rng?: Rng;
}

/** How much noise a picture holds after a step; step 0 is the picture itself. */
export interface NoiseStep {
  readonly step: number;
  /** The training step that it stands for; null at step 0. */
  readonly timestep: number | null;
  /** Weight of the picture. */
  readonly alpha: number;
  /** Weight of the noise. */
  readonly sigma: number;
  /** Signal-to-noise ratio alpha^2 / sigma^2. */
  readonly snr: number;
  /** The same in decibels, 10 log10. */
  readonly snrDb: number;
  /** Noise's share of the variance, 0 to 100. */
  readonly percent: number;
  /** What this step added to `percent`. */
  readonly addedPercent: number;
}

/** A picture with noise. */
export interface Noised extends NoiseStep {
  readonly image: Image;
  readonly adapter: string;
  /** Names the static, so that two machines can compare. */
  readonly staticHash: string;
}

const CLEAN: NoiseLevel = { timestep: -1, alpha: 1, sigma: 0, snr: Infinity, noiseShare: 0 };

/**
 * Every step of a schedule, step 0 first. Needs no device.
 * @throws InputError for an unknown schedule or a number of steps that is not from 1 to 1000.
 */
export function noiseSteps({ schedule = "cosine", steps = 24 }: Pick<NoiseOptions, "schedule" | "steps">): NoiseStep[] {
  const levels = [CLEAN, ...noiseLevels(noiseSchedule(schedule), steps)];
  return levels.map(({ timestep, alpha, sigma, snr, noiseShare }, step) => ({
    step,
    timestep: step === 0 ? null : timestep,
    alpha,
    sigma,
    snr,
    snrDb: 10 * Math.log10(snr),
    percent: 100 * noiseShare,
    addedPercent: 100 * (noiseShare - (levels[step - 1]?.noiseShare ?? 0)),
  }));
}

/**
 * Noises a picture of any size to one step, or to several with the same static.
 * @throws InputError for options or a picture that cannot be meant, DeviceError where there is no device.
 */
export function noise(image: SourcePicture, step: number, options?: NoiseOptions): Promise<Noised>;
export function noise(image: SourcePicture, steps: readonly number[], options?: NoiseOptions): Promise<Noised[]>;
export async function noise(
  image: SourcePicture,
  step: number | readonly number[],
  options: NoiseOptions = {},
): Promise<Noised | Noised[]> {
  const all = noiseSteps(options);
  const wanted = [step].flat().map((index) => {
    const found = all[index];
    check(
      found,
      () => `step: must be an integer from 0, the picture itself, to ${all.length - 1}, got ${index}`,
      InputError,
    );
    return found;
  });
  const noised = await noiseAll(image, wanted, options);
  return typeof step === "number" ? noised[0]! : noised;
}

/** Pixels that one program noises: a photo is larger than some adapters' storage bindings. */
const BAND_PIXELS = 2 ** 20;

async function noiseAll(image: SourcePicture, steps: readonly NoiseStep[], options: NoiseOptions): Promise<Noised[]> {
  const picture = samplesOf("image", image);
  const { width: W, height: H, channels: C } = picture;
  const seed = seedOf("seed", options.seed ?? 0);
  const { rng = "torch-cuda" } = options;
  const levels = steps.map(({ timestep, alpha, sigma, snr, percent }) => {
    return { timestep: timestep ?? -1, alpha, sigma, snr, noiseShare: percent / 100 };
  });
  const table = packTable(forwardTable(levels), { seed });
  const statics = rng === "torch-cpu" ? hostStatics(rng, streamsOf(1, seed), 1, [H, W, C]) : undefined;
  const results = steps.map(() => new Float32Array(H * W * C));

  const device = await openDevice(options);
  try {
    const pipelines = new Pipelines(device);
    const lines = Math.max(1, Math.floor(BAND_PIXELS / W));
    for (let first = 0; first < H; first += lines) {
      const band = { picture, first, lines: Math.min(lines, H - first) };
      await noiseBand(device, pipelines, band, table, statics, results);
    }
    const adapter = `${device.adapter.vendor} ${device.adapter.description}`.trim();
    const hash = await staticHash(rng, seed, [H, W, C]);
    return steps.map((step, i) => {
      const [noised] = imagesOf(results[i]!, [1, H, W, C]);
      return { ...step, image: noised!, adapter, staticHash: hash };
    });
  } finally {
    device.destroy();
  }
}

/** Lines of a picture. */
interface Band {
  readonly picture: Samples;
  readonly first: number;
  readonly lines: number;
}

/** Noises a band to every row of the table, into the pictures `results`. */
async function noiseBand(
  device: Device,
  pipelines: Pipelines,
  { picture, first, lines }: Band,
  table: Uint32Array<ArrayBuffer>,
  statics: Float32Array<ArrayBuffer> | undefined,
  results: readonly Float32Array[],
): Promise<void> {
  const { width: W, height: H, channels: C, samples } = picture;
  const shape: BHWC = [1, lines, W, C];
  const recording = new Recording("noise");
  const original = recording.state("original", shape);
  const state = samplerState(recording, shape, { rows: results.length, slots: 0, guided: false });
  const band = { firstPixel: first * W, allPixels: H * W };
  recording.add("add_noise", addNoise(original, state, { noiseFromHost: statics !== undefined, band }));
  const program = await Program.create(device, pipelines, new Weights(device), recording);
  try {
    program.write(state.table, table);
    program.write(original, padRows(samples.subarray(first * W * C, (first + lines) * W * C), shape));
    for (const [row, result] of results.entries()) {
      if (statics) program.write(state.x, statics.subarray(first * W * pad4(C), (first + lines) * W * pad4(C)));
      program.write(state.step, Uint32Array.of(row));
      for await (const _ of replay(program, { opening: [], section: "step", count: 1, sliceMs: Infinity }));
      result.set(unpadRows(await program.read(state.x), shape), first * W * C);
    }
  } finally {
    program.destroy();
  }
}
