/** What the tuner compares: a program of the sampler's, and in it the dispatches of one shape's first layer. */
import type { Chooser } from "../kernels/choices";
import type { RecordedDispatch, Tensor } from "../recording/recording";
import { runSections } from "../runtime/inspection";
import type { Program } from "../runtime/program";
import type { Model } from "../sampler/model";
import type { GenerateOptions } from "../sampler/options";
import { check, InputError } from "../tensor/check";
import { unpadRows } from "../tensor/shape";
import type { Contestant } from "./stopwatch";

const SECTIONS = ["prepare", "start", "step"];

/** What the tuner needs of a model. */
export type TunedModel = Pick<Model, "config" | "prepare">;

/** A program with the choices of `chooser`, run as far as through its first step. */
export async function openProgram(model: TunedModel, request: GenerateOptions, chooser: Chooser) {
  const { run, engine } = await model.prepare({ ...request, steps: 2 }, true, chooser);
  try {
    await runSections(run.program, SECTIONS);
  } catch (error) {
    run.program.destroy();
    throw error;
  }
  return { program: run.program, device: engine.device };
}

/** The dispatches of the layer `label`; other layers of its shape are like it. */
export function contestantOf(program: Program, label: string): Contestant {
  const indices = stepOf(program).flatMap((dispatch, i) =>
    dispatch.label === label || dispatch.label.startsWith(`${label}.`) ? [i] : [],
  );
  return { program, indices };
}

export function dispatchesOf({ program, indices }: Contestant): readonly RecordedDispatch[] {
  const step = stepOf(program);
  return indices.map((i) => step[i]!);
}

/** What is launched, as text: two contestants with the same are the same. */
export function launchesOf(contestant: Contestant): string {
  return JSON.stringify(
    dispatchesOf(contestant).map(({ shader, constants, knobs, params, workgroups }) => [
      shader.name,
      constants,
      knobs,
      params,
      workgroups,
    ]),
  );
}

/** What each layer computed, by its label. */
export type Results = ReadonlyMap<string, Float32Array>;

/** To be read before anything is timed: that runs layers again, after the step's counter and sample have moved on. */
export async function resultsOf(program: Program, labels: readonly string[]): Promise<Results> {
  const results = new Map<string, Float32Array>();
  for (const label of labels) results.set(label, await numbersOf(program, label));
  return results;
}

/** Largest difference between the results of some layers, each as a part of the layer's largest number. */
export function differenceOf(expected: Results, got: Results): number {
  let most = 0;
  for (const [label, numbers] of got) {
    const wanted = expected.get(label)!;
    const largest = wanted.reduce((max, number) => Math.max(max, Math.abs(number)), 0);
    check(
      Number.isFinite(largest),
      () => `${label}: to be tuned, a model must compute finite numbers, got NaN or infinity`,
      InputError,
    );
    const difference = wanted.reduce((max, number, i) => {
      const distance = Math.abs(number - numbers[i]!);
      return Number.isFinite(distance) ? Math.max(max, distance) : Infinity;
    }, 0);
    most = Math.max(most, difference / Math.max(largest, 1e-30));
  }
  return most;
}

async function numbersOf(program: Program, label: string): Promise<Float32Array> {
  const { y } = stepOf(program).find((dispatch) => dispatch.label === label)!.writes as { y: Tensor };
  return unpadRows(await program.read(y), y.shape);
}

function stepOf({ recording }: Program): readonly RecordedDispatch[] {
  return recording.dispatches.filter(({ section }) => section === "step");
}
