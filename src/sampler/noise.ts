/**
 * The forward process on any picture: x_t = alpha_t x_0 + sigma_t eps (Ho et al. 2020, equation 4), by the kernel that
 * image to image starts with. The noising half of the story: how a picture becomes static.
 */
import { addNoise } from "../kernels/add_noise";
import { samplerState } from "../kernels/sampler_state";
import { Recording } from "../recording/recording";
import { type DeviceOptions, openDevice } from "../runtime/device";
import { Pipelines } from "../runtime/pipelines";
import { Program } from "../runtime/program";
import { replay } from "../runtime/replay";
import { Weights } from "../runtime/weights";
import { forwardTable, type NoiseLevel, noiseLevels, noiseSchedule } from "../schedulers/forward";
import { packTable } from "../schedulers/pack";
import { check, InputError } from "../tensor/check";
import { type BHWC, padRows, unpadRows } from "../tensor/shape";
import { type Image, imagesOf } from "./image";
import { seedOf } from "./options";
import { type SourcePicture, samplesOf } from "./source_picture";
import { hostStatics, type Rng, staticHash, streamsOf } from "./statics";

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
 * @throws InputError for options or a picture that cannot be meant, DeviceError where the picture is too large.
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

async function noiseAll(image: SourcePicture, steps: readonly NoiseStep[], options: NoiseOptions): Promise<Noised[]> {
  const { width: W, height: H, channels: C, samples } = samplesOf("image", image);
  const seed = seedOf("seed", options.seed ?? 0);
  const { rng = "torch-cuda" } = options;
  const shape: BHWC = [1, H, W, C];
  const recording = new Recording("noise");
  const original = recording.state("original", shape);
  const state = samplerState(recording, shape, { rows: steps.length, slots: 0, guided: false });
  recording.add("add_noise", addNoise(original, state, { noiseFromHost: rng === "torch-cpu" }));

  const device = await openDevice(options);
  try {
    const program = await Program.create(device, new Pipelines(device), new Weights(device), recording);
    const levels = steps.map(({ timestep, alpha, sigma, snr, percent }) => {
      return { timestep: timestep ?? -1, alpha, sigma, snr, noiseShare: percent / 100 };
    });
    program.write(state.table, packTable(forwardTable(levels), { seed }));
    program.write(original, padRows(samples, shape));
    const fromHost = rng === "torch-cpu" ? hostStatics(rng, streamsOf(1, seed), 1, [H, W, C]) : undefined;
    const adapter = `${device.adapter.vendor} ${device.adapter.description}`.trim();
    const hash = staticHash(rng, seed, [H, W, C]);
    const noised: Noised[] = [];
    // One picture at a time: a photo's thousand steps would not fit into memory together.
    for (const [row, step] of steps.entries()) {
      if (fromHost) program.write(state.x, fromHost);
      program.write(state.step, Uint32Array.of(row));
      for await (const _ of replay(program, { opening: [], section: "step", count: 1, sliceMs: Infinity }));
      const [result] = imagesOf(unpadRows(await program.read(state.x), shape), shape);
      noised.push({ ...step, image: result!, adapter, staticHash: hash });
    }
    return noised;
  } finally {
    device.destroy();
  }
}
