/**
 * The benchmark: one model on one adapter, and a receipt that can be believed.
 *
 * The room `bench` joins what the sampler offers with the runtime's clocks. It must not know where it runs: the command
 * line and a page call the same function. Order matters: the first picture while nothing is compiled yet, then the
 * check of the result, and only then anything that is timed.
 */
import { openFolder } from "../checkpoint/folder";
import { type Clock, openClock } from "../runtime/timing";
import type { Engine } from "../sampler/engine";
import { load } from "../sampler/load";
import type { Model } from "../sampler/model";
import type { GenerateOptions } from "../sampler/options";
import { type PrecisionOptions, precisionOf } from "../sampler/precision";
import type { Tuning } from "../sampler/tuning";
import { check, InputError } from "../tensor/check";
import { timeDispatches } from "./dispatch_times";
import { sha256, weightsHash } from "./hashes";
import { Loop } from "./loop";
import { measurePeaks } from "./peaks";
import { type Receipt, receiptOf, type Software } from "./receipt";
import { checkResult, openReference, toleranceOf } from "./reference";
import { achieved, kernelSums, timedLayers } from "./roofline";
import { digits, percent } from "./text_table";
import { trafficOf } from "./traffic";

export interface BenchmarkOptions extends PrecisionOptions {
  /** Steps of the sampler; 20 unless given. */
  readonly steps?: number;
  /** Samples of every figure; 10 unless given. */
  readonly repeats?: number;
  /** Pictures at once; 1 unless given. */
  readonly batch?: number;
  /** The model's own suggestion unless given; 1 for the bare network. */
  readonly guidance?: number;
  /** 0 unless given. */
  readonly seed?: number | bigint;
  /** A safetensors file with sample, timestep, class_labels and output; the folder's reference.safetensors unless given. */
  readonly reference?: string;
  /** WebGPU's default limits and no optional feature. */
  readonly baseline?: boolean;
  /** A WebGPU implementation in place of the page's or Dawn's. */
  readonly gpu?: GPU;
  /** What the tuner found, to be used; a note in the receipt says so. */
  readonly tuning?: Tuning;
  /** What only the caller can know; in pages the browser's own description stands in. */
  readonly software?: Software;
  readonly onProgress?: (phase: string, done: number, total: number) => void;
}

const STEPS = 20;
const REPEATS = 10;
const REPEATS_MAX = 1000;

const TUNED = "algorithms as a tuning says, where it knows the adapter and the shape";

/** A quiet word where single dispatches and the whole step tell different stories. */
const SUM_TOLERANCE = 0.1;

/**
 * Benchmarks the diffusers folder at `location`.
 * @throws WrongResultError where the model's output is not the reference's; InputError without a reference or for options
 *   that cannot be meant; whatever `load` throws.
 */
export async function benchmark(location: string, options: BenchmarkOptions = {}): Promise<Receipt> {
  const { repeats = REPEATS, onProgress = () => {} } = options;
  check(
    Number.isInteger(repeats) && repeats >= 1 && repeats <= REPEATS_MAX,
    () => `repeats: must be an integer from 1 to ${REPEATS_MAX}, got ${repeats}`,
    InputError,
  );
  const reference = await openReference(location, options.reference);
  const { checkpoint } = await openFolder(location);
  const weightsSha256 = await weightsHash(checkpoint);
  const { precision, weights } = options;
  const model = await load(location, {
    ...(options.gpu && { gpu: options.gpu }),
    ...(options.tuning && { tuning: options.tuning }),
    ...(options.baseline !== undefined && { baseline: options.baseline }),
    ...(precision && { precision }),
    ...(weights && { weights }),
    onProgress,
  });
  let clock: Clock | undefined;
  try {
    const request = requestOf(model, options);
    const first = await firstPicture(model, request);
    const networkBatch = first.run.batch * (first.run.guidance === 1 ? 1 : 2);
    const tolerance = toleranceOf(first.run.precision, precisionOf({}, checkpoint).weights);
    const checked = await checkResult(model, reference, networkBatch, weightsSha256, tolerance);
    const { engine } = await model.prepare(request);
    clock = await openClock(engine.device);
    const timed = await measure(model, engine, request, clock, repeats, onProgress);
    const { name } = model;
    const { parameters, image } = model.describe();
    const { quantumMs, minSampleMs } = clock;
    return receiptOf({
      date: new Date().toISOString(),
      software: options.software ?? browser(),
      adapter: engine.device.adapter,
      limits: limitsOf(engine.device.gpu.limits),
      model: { name, weightsSha256, parameters, image },
      ...first,
      run: { ...first.run, networkBatch, repeats },
      check: checked,
      clock: { name: clock.name, quantumMs, minSampleMs },
      ...timed,
      notes: [...(options.tuning ? [TUNED] : []), ...notesOf(clock, timed, minSampleMs)],
    });
  } finally {
    clock?.destroy();
    model.destroy();
  }
}

function requestOf(model: Model, options: BenchmarkOptions) {
  const { steps = STEPS, batch = 1, seed = 0, guidance } = options;
  const classes = model.config.classEmbedding.type === "learned" ? { classLabel: 0 } : {};
  return { steps, count: batch, seed, ...classes, ...(guidance !== undefined && { guidance }) };
}

/** Time to first picture. Nothing of the loop was compiled in this process before. */
async function firstPicture(model: Model, request: ReturnType<typeof requestOf>) {
  const { images, report } = await model.generate(request);
  const { load, compile, firstStep, total } = report.ms;
  const { sampler, seed, steps, evaluations, guidance, precision } = report;
  const { data } = images[0]!;
  return {
    picture: { sha256: await sha256(new Uint8Array(data)) },
    firstPicture: { load, compile, firstStep, otherSteps: total - firstStep, total: load + compile + total },
    run: {
      sampler,
      seed,
      steps,
      evaluations,
      batch: request.count,
      guidance,
      classLabel: request.classLabel ?? null,
      precision,
    },
  };
}

async function measure(
  model: Model,
  engine: Engine,
  request: GenerateOptions,
  clock: Clock,
  repeats: number,
  onProgress: NonNullable<BenchmarkOptions["onProgress"]>,
) {
  const loop = new Loop(model, request, clock);
  const ms = await loop.time(repeats, (done) => onProgress("steps", done, repeats));
  const times = await timeDispatches(
    clock,
    "step",
    repeats,
    () => loop.restart(),
    (done) => onProgress("kernels", done, repeats),
  );
  const peaks = await measurePeaks(engine.device, engine.pipelines, clock);
  const { recording, bytes } = (await model.prepare(request)).run.program;
  const dispatches = recording.dispatches.filter(({ section }) => section === "step");
  const layers = timedLayers(dispatches, times, trafficOf(recording), peaks);
  const kernels = kernelSums(layers, peaks);
  const sum = (part: (layer: (typeof layers)[number]) => number) => layers.reduce((all, layer) => all + part(layer), 0);
  const flops = sum((layer) => layer.flops);
  const stepMs = (ms.gpu ?? ms.wall).median;
  const work = { flops, bytes: sum((layer) => layer.bytes), ms: stepMs };
  const dispatchMs = sum((layer) => layer.ms);
  const { gflops } = achieved(work, peaks);
  const peakShare = sum((layer) => layer.peakShare * layer.ms) / stepMs;
  return {
    step: { ms, dispatches: layers.length, flops, bytes: work.bytes, dispatchMs, gflops, peakShare },
    peaks,
    kernels,
    layers,
    memory: { weights: engine.weights.bytes, program: bytes },
  };
}

function notesOf(clock: Clock, { step, layers }: Awaited<ReturnType<typeof measure>>, minSampleMs: number): string[] {
  const notes: string[] = [];
  if (clock.name === "wall clock") {
    notes.push(
      "timestamp-query is missing: kernels were timed by the host, from submit to done; up to 10 % is the submit's",
    );
  }
  // Samples scatter around what was aimed at; half of it is no longer chance.
  const short = layers.filter(({ ms, repeats }) => ms * repeats < minSampleMs / 2).length;
  if (short > 0)
    notes.push(`too short for the clock: ${short} of the dispatches have samples below ${digits(minSampleMs / 2)} ms`);
  const whole = (step.ms.gpu ?? step.ms.wall).median;
  const excess = step.dispatchMs / whole - 1;
  if (Math.abs(excess) > SUM_TOLERANCE) {
    const [more, less] =
      excess > 0 ? ["longer", "passes of their own cost"] : ["shorter", "changing kernels and cold data cost"];
    notes.push(
      `the dispatches timed alone take ${percent(Math.abs(excess))} ${more} than the step: ${less}, or the load changed`,
    );
  }
  return notes;
}

function browser(): Software {
  return { runtime: globalThis.navigator?.userAgent ?? "unknown", webgpu: null, commit: null };
}

function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") found[name] = value;
  }
  return found;
}
