/**
 * One dispatch on trial: another text for its kernel, run on the very inputs that the dispatch had, beside the original.
 *
 * The dispatch gets a recording of its own with states in place of activations, so that original and candidate each have
 * memory to themselves and a wrong candidate spoils nothing. Nothing is timed before the result is compared.
 */
import { timeDispatches } from "../bench/dispatch_times";
import { type RecordedDispatch, Recording, type Tensor, type Weight } from "../recording/recording";
import { copyTensors, runSections, Saved } from "../runtime/inspection";
import { Pipelines } from "../runtime/pipelines";
import { Program } from "../runtime/program";
import type { Clock, TimedDispatch } from "../runtime/timing";
import type { Weights } from "../runtime/weights";
import type { Engine } from "../sampler/engine";
import { type Shape, unpadRows } from "../tensor/shape";
import type { Queue } from "./queue";

/** One output of the candidate beside the original's. */
export interface TrialOutput {
  readonly binding: string;
  readonly shape: Shape;
  readonly expected: Float32Array;
  readonly actual: Float32Array;
  /** The largest |actual - expected|; Infinity where a number is not finite that should be. */
  readonly maxError: number;
  /** The same against the kernel in plain TypeScript; null where that has none or would take too long. */
  readonly referenceError: number | null;
  /** What either error may be. */
  readonly tolerance: number;
}

export interface TrialResult {
  readonly outputs: readonly TrialOutput[];
  readonly passes: boolean;
  /** Milliseconds of one launch, medians of interleaved samples; null for a candidate that does not pass. */
  readonly ms: { readonly candidate: number; readonly original: number } | null;
}

/** Sums in f32 in another order: what the kernels' own tests allow, in parts of the largest expected number. */
const TOLERANCE = 1e-4;
/** Results stored in 11 bits differ by one of the last. */
const TOLERANCE_F16 = 2e-3;
/** Kernels that do what another one does, with the same inputs and Params. */
const SAME_OPERATION: Readonly<Record<string, string>> = { conv2d_subgroup: "conv2d_register" };
/** Plain TypeScript computes this much in about a second, for which it holds up everything else. */
const PLAIN_FLOPS_MAX = 4e8;
/** Samples of either side. */
const ROUNDS = 5;

export class Trial {
  readonly #dispatch: RecordedDispatch;
  readonly #original: Program;
  readonly #weights: Weights;
  readonly #pipelines: Pipelines;
  readonly #clock: Clock;
  /** All that the dispatch found in memory. */
  readonly #inputs: Saved;
  readonly #expected: readonly Float32Array[];
  /** The probe's: trials share its clock. */
  readonly #queue: Queue;
  /** What plain TypeScript makes of the inputs, computed when first asked for. */
  #reference: Promise<Float32Array[] | null> | undefined;

  private constructor(
    dispatch: RecordedDispatch,
    original: Program,
    { weights, pipelines }: Pick<Engine, "weights" | "pipelines">,
    clock: Clock,
    inputs: Saved,
    expected: readonly Float32Array[],
    queue: Queue,
  ) {
    this.#dispatch = dispatch;
    this.#original = original;
    this.#weights = weights;
    this.#pipelines = pipelines;
    this.#clock = clock;
    this.#inputs = inputs;
    this.#expected = expected;
    this.#queue = queue;
  }

  /** Takes over what `dispatch` of `program` reads and writes, as it lies in memory now. */
  static async open(
    program: Program,
    dispatch: RecordedDispatch,
    engine: Pick<Engine, "weights" | "pipelines">,
    clock: Clock,
    queue: Queue,
  ): Promise<Trial> {
    const original = await alone(program, dispatch, engine.weights, engine.pipelines);
    copyTensors(program, buffersOf(dispatch), original, statesOf(original));
    const inputs = new Saved(original, statesOf(original));
    const expected = await outputsOf(original);
    return new Trial(dispatch, original, engine, clock, inputs, expected, queue);
  }

  /** @throws CompileError for text that is not WGSL or not a kernel with this dispatch's bindings. */
  run(code: string): Promise<TrialResult> {
    return this.#queue.run(() => this.#run(code));
  }

  destroy(): void {
    this.#queue.free(() => {
      this.#inputs.destroy();
      this.#original.destroy();
    });
  }

  async #run(code: string): Promise<TrialResult> {
    const { shader } = this.#dispatch;
    // A text under trial must not be taken for the kernel's, so it gets pipelines of its own.
    const pipelines = code === shader.code ? this.#pipelines : new Pipelines(this.#original.device);
    const changed = { ...this.#dispatch, shader: { ...shader, code } };
    const candidate = await alone(this.#original, changed, this.#weights, pipelines);
    try {
      this.#inputs.restore(candidate);
      const actual = await outputsOf(candidate);
      this.#reference ??= this.#plainOutputs();
      const reference = await this.#reference;
      const outputs = Object.entries(this.#dispatch.writes).flatMap(([binding, tensor], i) =>
        compared(binding, tensor, actual[i]!, this.#expected[i]!, reference?.[i]),
      );
      const passes = outputs.every(
        ({ maxError, referenceError, tolerance }) => maxError <= tolerance && (referenceError ?? 0) <= tolerance,
      );
      return { outputs, passes, ms: passes ? await this.#time(candidate) : null };
    } finally {
      candidate.destroy();
    }
  }

  /** The dispatch on typed arrays, with a copy of all that it found in memory. */
  async #plainOutputs(): Promise<Float32Array[] | null> {
    const { shader, params, constants, workgroups, flops } = this.#dispatch;
    const { KERNELS } = await import("../cpu/kernels");
    const { runOnCpu } = await import("../cpu/run");
    const [kernel, ...format] = shader.name.split(":");
    const name = SAME_OPERATION[kernel!] ?? kernel!;
    if (!KERNELS.has(name) || flops > PLAIN_FLOPS_MAX || buffersOf(this.#dispatch).some(isHalf)) return null;
    this.#inputs.restore(this.#original);
    const { reads, writes } = this.#original.recording.dispatches[0]!;
    const memory = new Map<number, Float32Array | Uint32Array>();
    const buffers: Record<string, Float32Array | Uint32Array> = {};
    for (const [binding, tensor] of Object.entries({ ...reads, ...writes })) {
      const known = memory.get(tensor.id);
      const isWeight = tensor.kind === "weight";
      buffers[binding] =
        known ??
        (isWeight ? new Uint32Array(await this.#weights.read(tensor as Weight)) : await this.#original.read(tensor));
      memory.set(tensor.id, buffers[binding]);
    }
    const same = { shader: { name: [name, ...format].join(":") }, workgroups };
    runOnCpu({ ...same, ...(params && { params }), ...(constants && { constants }) }, buffers);
    return Object.keys(writes).map((binding) => {
      const { buffer, byteOffset, length } = buffers[binding]!;
      return new Float32Array(buffer, byteOffset, length);
    });
  }

  async #time(candidate: Program): Promise<{ candidate: number; original: number }> {
    const sides: TimedDispatch[] = [];
    for (const program of [candidate, this.#original]) {
      const [time] = await timeDispatches(this.#clock, "step", 1, async () => program);
      sides.push({ program, section: "step", index: 0, repeats: time!.repeats });
    }
    const samples: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const times = await this.#clock.timeDispatches(sides);
      samples.forEach((side, i) => {
        side.push(times[i]! / sides[i]!.repeats);
      });
    }
    const [ours, theirs] = samples.map((side) => side.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!);
    return { candidate: ours!, original: theirs! };
  }
}

/** The buffers of a dispatch, each once: weights are shared as they are. */
function buffersOf({ reads, writes }: RecordedDispatch): Tensor[] {
  const all = [...Object.values(reads), ...Object.values(writes)].filter(({ kind }) => kind !== "weight");
  return [...new Map(all.map((tensor) => [tensor.id, tensor])).values()];
}

/** A program of this one dispatch. */
function alone(
  { device }: Program,
  dispatch: RecordedDispatch,
  weights: Weights,
  pipelines: Pipelines,
): Promise<Program> {
  const recording = new Recording(`${dispatch.label} on trial`);
  const made = new Map<number, Tensor>();
  for (const { id, label, shape, dtype, tail } of buffersOf(dispatch)) {
    made.set(id, recording.state(label, shape, dtype, tail));
  }
  const own = (tensor: Tensor): Tensor => {
    if (tensor.kind !== "weight") return made.get(tensor.id)!;
    const { label, shape, packing, dtype } = tensor as Weight;
    const weight = made.get(tensor.id) ?? recording.weight(label, shape, packing, dtype);
    made.set(tensor.id, weight);
    return weight;
  };
  const named = (tensors: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(Object.entries(tensors).map(([binding, tensor]) => [binding, own(tensor)]));
  recording.add(dispatch.label, { ...dispatch, reads: named(dispatch.reads), writes: named(dispatch.writes) });
  return Program.create(device, pipelines, weights, recording);
}

/** The kernels in plain TypeScript know numbers in f16 as weights only. */
function isHalf({ dtype }: Tensor): boolean {
  return dtype === "f16";
}

function statesOf({ recording }: Program): Tensor[] {
  return recording.tensors.filter(({ kind }) => kind === "state");
}

/** Runs the one dispatch and reads what it wrote. */
async function outputsOf(program: Program): Promise<Float32Array[]> {
  await runSections(program, ["step"]);
  const outputs: Float32Array[] = [];
  for (const tensor of Object.values(program.recording.dispatches[0]!.writes)) outputs.push(await program.read(tensor));
  return outputs;
}

/** A tensor's own numbers, and apart from them what stands behind them: statistics have another measure. */
function compared(
  binding: string,
  { shape, dtype, tail }: Tensor,
  actual: Float32Array,
  expected: Float32Array,
  reference: Float32Array | undefined,
): TrialOutput[] {
  const part = (name: string, axes: Shape, cut: (all: Float32Array) => Float32Array): TrialOutput => {
    const both = { actual: cut(actual), expected: cut(expected) };
    const largest = both.expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return {
      binding: name,
      shape: axes,
      ...both,
      maxError: largestError(both.actual, both.expected),
      referenceError: reference ? largestError(both.actual, cut(reference)) : null,
      tolerance: (dtype === "f16" ? TOLERANCE_F16 : TOLERANCE) * largest,
    };
  };
  const numbers = part(binding, shape, (all) => unpadRows(all, shape));
  return tail > 0 ? [numbers, part(`${binding}'s statistics`, [tail], (all) => all.subarray(-tail))] : [numbers];
}

function largestError(actual: Float32Array, expected: Float32Array): number {
  let largest = 0;
  expected.forEach((value, i) => {
    if (Object.is(actual[i], value)) return;
    const difference = Math.abs(actual[i]! - value);
    // Not a comparison with >: a NaN must end up as the worst.
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  });
  return largest;
}
