/**
 * Climbs a ladder: builds every rung, checks its result, then times all of them in turn.
 *
 * Rounds are interleaved and the best of each rung counts: whatever else a machine does meanwhile only ever adds time,
 * and it adds it to all rungs alike.
 */

import { WrongResultError } from "../../src/bench/reference";
import { fetchAlgorithms } from "../../src/kernels/variants";
import { winogradWeights } from "../../src/kernels/winograd_weights";
import { Recording, type Tensor, type Weight } from "../../src/recording/recording";
import type { Device } from "../../src/runtime/device";
import type { Pipelines } from "../../src/runtime/pipelines";
import { Program } from "../../src/runtime/program";
import type { Clock } from "../../src/runtime/timing";
import { Weights } from "../../src/runtime/weights";
import { check } from "../../src/tensor/check";
import { unpadRows } from "../../src/tensor/shape";
import { type Ladder, obstacle, type Rung } from "./rung";

export interface Result {
  readonly name: string;
  /** What was launched, kernel by kernel. */
  readonly kernels: readonly string[];
  /** Largest difference from the reference. */
  readonly error: number;
  /** Milliseconds of the best round; null where nothing was timed. */
  readonly ms: number | null;
}

/** A rung that this adapter cannot climb. */
export interface Skipped {
  readonly name: string;
  readonly obstacle: string;
}

export interface ClimbOptions {
  readonly device: Device;
  readonly pipelines: Pipelines;
  /** Without a clock, results are checked and nothing is timed. */
  readonly clock?: Clock;
  readonly rounds: number;
  readonly onProgress?: (phase: "build" | "time", done: number, total: number) => void;
}

interface Built {
  readonly rung: Rung;
  readonly program: Program;
  readonly weights: Weights;
  readonly kernels: readonly string[];
  readonly error: number;
  repeats: number;
  best: number;
}

/** @throws WrongResultError where a rung's result is further from the reference than rounding explains. */
export async function climb(ladder: Ladder, options: ClimbOptions): Promise<(Result | Skipped)[]> {
  const { device, clock, rounds, onProgress = () => {} } = options;
  const expected = ladder.expected();
  const built: Built[] = [];
  await fetchAlgorithms(device.adapter, true);
  try {
    for (const [i, rung] of ladder.rungs.entries()) {
      onProgress("build", i, ladder.rungs.length);
      if (obstacle(rung, device.adapter) === undefined) built.push(await build(ladder, rung, expected, options));
    }
    if (clock) {
      for (const one of built) await calibrate(clock, one);
      for (let round = 0; round < rounds; round++) {
        for (const one of built) one.best = Math.min(one.best, await timeOnce(clock, one));
        onProgress("time", round + 1, rounds);
      }
    }
  } finally {
    for (const { program, weights } of built) {
      program.destroy();
      weights.destroy();
    }
  }
  return ladder.rungs.map((rung) => {
    const one = built.find((candidate) => candidate.rung === rung);
    if (!one) return { name: rung.name, obstacle: obstacle(rung, device.adapter)! };
    return { name: rung.name, kernels: one.kernels, error: one.error, ms: clock ? one.best : null };
  });
}

async function build(
  ladder: Ladder,
  rung: Rung,
  expected: Float64Array,
  { device, pipelines }: ClimbOptions,
): Promise<Built> {
  const recording = new Recording(rung.name);
  const operands = new Map<string, Tensor>();
  const operand = (name: string): Tensor => {
    const tensor = operands.get(name) ?? recording.state(name, ladder.operands[name]!.shape);
    operands.set(name, tensor);
    return tensor;
  };
  const y = rung.record(recording, operand, device.adapter);
  const weights = new Weights(device);
  for (const weight of recording.weights) await weights.upload(weight, weightOf(ladder, weight));
  const program = await Program.create(device, pipelines, weights, recording);
  try {
    for (const [name, tensor] of operands) program.write(tensor, ladder.operands[name]!.numbers());
    const encoder = device.gpu.createCommandEncoder({ label: rung.name });
    const pass = encoder.beginComputePass({ label: rung.name });
    program.encode(pass, "step");
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    const numbers = unpadRows(await program.read(y), ladder.shape);
    const error = numbers.reduce((most, number, i) => Math.max(most, Math.abs(number - expected[i]!)), 0);
    check(
      numbers.every(Number.isFinite) && error <= rung.tolerance,
      () => `${rung.name}: the result must be within ${rung.tolerance} of the reference, got a difference of ${error}`,
      WrongResultError,
    );
    const kernels = recording.dispatches.map(({ shader }) => shader.name);
    return { rung, program, weights, kernels, error, repeats: 1, best: Infinity };
  } catch (cause) {
    program.destroy();
    weights.destroy();
    throw cause;
  }
}

/** What a loader would upload. */
function weightOf(ladder: Ladder, { packing: { parts, winograd } }: Weight): Float32Array<ArrayBuffer> {
  const packed = ladder.operands[parts[0]!]!.numbers();
  return winograd ? winogradWeights(packed, winograd) : packed;
}

/** Samples shorter than this are mostly pass and noise, longer ones rarely escape what else the machine does. */
const SAMPLE_MS = 5;
const REPEATS_MAX = 1000;

async function calibrate(clock: Clock, one: Built): Promise<void> {
  await timeOnce(clock, one); // the first launch may still compile
  const wanted = Math.max(SAMPLE_MS, clock.minSampleMs) / Math.max(await timeOnce(clock, one), 1e-6);
  one.repeats = Math.min(Math.max(1, Math.ceil(wanted)), REPEATS_MAX);
}

/** Milliseconds of the whole rung. */
async function timeOnce(clock: Clock, { program, repeats }: Built): Promise<number> {
  const dispatches = Array.from({ length: program.dispatchCount("step") }, (_, index) => ({
    program,
    section: "step",
    index,
    repeats,
  }));
  const times = await clock.timeDispatches(dispatches);
  return times.reduce((sum, ms) => sum + ms, 0) / repeats;
}
