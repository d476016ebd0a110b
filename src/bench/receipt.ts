/** A receipt: one benchmark run as JSON, with all that a reader needs to believe it, repeat it, or compare it. */
import type { Precision } from "../recording/recording";
import type { AdapterDescription } from "../runtime/device";
import { check, InputError } from "../tensor/check";
import type { StepTimes } from "./loop";
import type { Peaks } from "./peaks";
import type { ResultCheck } from "./reference";
import type { KernelSum, TimedLayer } from "./roofline";

const FORMAT = "unstatic-bench";
const VERSION = 1;

export interface Software {
  /** Node or the browser, with its version. */
  readonly runtime: string;
  /** WebGPU's implementation with its version, where the runtime does not say it. */
  readonly webgpu: string | null;
  /** The project's commit; ends in "+" where files were changed since. */
  readonly commit: string | null;
}

export interface Receipt {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly software: Software;
  readonly adapter: AdapterDescription;
  readonly limits: Readonly<Record<string, number>>;
  readonly model: {
    readonly name: string;
    readonly weightsSha256: string;
    readonly parameters: number;
    readonly image: { readonly height: number; readonly width: number; readonly channels: number };
  };
  readonly run: {
    readonly sampler: string;
    readonly seed: string;
    readonly steps: number;
    /** Evaluations of the network in a generation; some samplers need two a step. */
    readonly evaluations: number;
    /** Pictures at once. */
    readonly batch: number;
    /** Images that the network sees at once: twice the batch under guidance. */
    readonly networkBatch: number;
    readonly guidance: number;
    readonly classLabel: number | null;
    /** What ran in the end: activations that leave f16's range are made again in f32. */
    readonly precision: Precision;
    readonly repeats: number;
  };
  readonly check: ResultCheck;
  /** The first picture: hash of its RGBA bytes. Adapters may differ in the last bit of a pixel. */
  readonly picture: { readonly sha256: string };
  /** From nothing to the first picture, in milliseconds. Drivers keep compiled kernels on disk: a second run is faster. */
  readonly firstPicture: {
    /** The device opened, weights read (or downloaded), packed and uploaded. */
    readonly load: number;
    readonly compile: number;
    /** The first step with all that comes before the loop. */
    readonly firstStep: number;
    /** The other steps and the readback. */
    readonly otherSteps: number;
    readonly total: number;
  };
  readonly clock: { readonly name: string; readonly quantumMs: number; readonly minSampleMs: number };
  readonly step: {
    /** Milliseconds. */
    readonly ms: StepTimes;
    readonly dispatches: number;
    readonly flops: number;
    readonly bytes: number;
    /** Of all dispatches, each timed alone; what the whole step takes beyond that is spent between them. */
    readonly dispatchMs: number;
    readonly gflops: number;
    readonly peakShare: number;
  };
  readonly peaks: Peaks;
  readonly kernels: readonly KernelSum[];
  readonly layers: readonly TimedLayer[];
  /** Bytes of GPU buffers. */
  readonly memory: { readonly weights: number; readonly program: number };
  /** What a reader must know to read the figures right. */
  readonly notes: readonly string[];
}

/** Where a receipt's head comes from. */
export function receiptOf(parts: Omit<Receipt, "format" | "version">): Receipt {
  return { format: FORMAT, version: VERSION, ...parts };
}

/** Reads a receipt back. @throws InputError for JSON that is not one. */
export function parseReceipt(text: string, where: string): Receipt {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: must be JSON, got ${(error as Error).message}`);
  }
  const { format, version } = (json ?? {}) as Partial<Receipt>;
  check(
    format === FORMAT && version === VERSION,
    () => `${where}: must be a receipt of 'unstatic bench', version ${VERSION}, got ${format} ${version}`,
    InputError,
  );
  return json as Receipt;
}
