/**
 * The tensors that a sampler keeps from step to step, made once per recording.
 *
 * All that changes from one generation to the next - seed, steps, guidance, the sampler itself - lies in `table`, so
 * that a new generation uploads one small buffer and compiles nothing.
 */
import type { Recording, Tensor } from "../recording/recording";
import { packedWords } from "../schedulers/pack";
import { check } from "../tensor/check";
import { type BHWC, paddedSizeOf } from "../tensor/shape";

export interface SamplerStateOptions {
  /** Most rows that a table may have. */
  readonly rows: number;
  /** Most tensors that a sampler may remember (`Table.slots`). */
  readonly slots: number;
  /** Classifier-free guidance: the network sees every image twice, B conditional ones, then B unconditional. */
  readonly guided: boolean;
  /** The network's own input, where it is recorded first: what the network reads is written straight into it. */
  readonly modelInput?: Tensor<BHWC>;
  /** The network's own counter, likewise: a u32 state whose word 0 is the row. */
  readonly step?: Tensor;
}

export interface SamplerState {
  /** (packed words) u32: `packTable`. */
  readonly table: Tensor;
  /** (1) u32: which row comes next. */
  readonly step: Tensor;
  /** (B, H, W, C): the state; behind it the row where it stopped being finite, see `nonfiniteRow`. */
  readonly x: Tensor<BHWC>;
  /** (B or 2B, H, W, C): what the network reads. */
  readonly modelInput: Tensor<BHWC>;
  /** (B, H, W, C): the picture predicted at the last row. */
  readonly denoised: Tensor<BHWC>;
  /** (slots, B, H, W, C), at least one slot. */
  readonly history: Tensor;
  /** (2 B): threshold and guidance factor of each image, where they are used. */
  readonly scales: Tensor;
  readonly guided: boolean;
}

/** Numbers of the flag behind x: a whole vec4, of which one is used. */
const FLAG_NUMBERS = 4;

/** What is written behind x before a run: no row yet. */
export function clearedFlag(x: Tensor): { readonly data: Float32Array<ArrayBuffer>; readonly offset: number } {
  return { data: new Float32Array(FLAG_NUMBERS), offset: 4 * paddedSizeOf(x.shape) };
}

/**
 * The first row at which the network's output, or the state made from it, held a NaN or an infinity; null where none did.
 * `numbers` are x as it was read, flag included: it costs no readback of its own.
 */
export function nonfiniteRow(x: Tensor, numbers: Float32Array): number | null {
  const row = numbers[paddedSizeOf(x.shape)]!;
  return row === 0 ? null : row - 1;
}

/** Adds the sampler's states for images of `shape` to a recording. */
export function samplerState(recording: Recording, shape: BHWC, options: SamplerStateOptions): SamplerState {
  const [B, H, W, C] = shape;
  check(options.rows >= 1, () => `samplerState: a table must have rows, got ${options.rows}`);
  const images: BHWC = [options.guided ? 2 * B : B, H, W, C];
  return {
    table: recording.state("sampler/table", [packedWords(options.rows)], "u32"),
    step: options.step ?? recording.state("sampler/step", [1], "u32"),
    x: recording.state("sampler/x", shape, "f32", FLAG_NUMBERS),
    modelInput: options.modelInput ?? recording.state("sampler/model_input", images),
    denoised: recording.state("sampler/denoised", shape),
    history: recording.state("sampler/history", [Math.max(options.slots, 1), B, H, W, C]),
    scales: recording.state("sampler/scales", [2 * B]),
    guided: options.guided,
  };
}
