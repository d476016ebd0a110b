/**
 * The tuner: finds, by measuring, the fastest algorithm for each shape that a model's step is made of.
 *
 * It joins the sampler's own programs with a stopwatch. A candidate takes part only once its result agrees with the
 * default's; it wins only where it is more than 5 % faster, and is so again in two further measurements. Nothing here
 * changes what a model does: the result is data, for `load` to be given.
 */
import { type Choice, shapeKey } from "../kernels/choices";
import { fetchAlgorithms } from "../kernels/variants";
import type { Operation } from "../recording/dispatch";
import type { AdapterDescription } from "../runtime/device";
import type { Program } from "../runtime/program";
import type { GenerateOptions } from "../sampler/options";
import { placeOf, type Tuning } from "../sampler/tuning";
import { InputError, ShaderError } from "../tensor/check";
import { candidatesFor } from "./candidates";
import {
  contestantOf,
  differenceOf,
  dispatchesOf,
  launchesOf,
  openProgram,
  type Results,
  resultsOf,
  type TunedModel,
} from "./contestant";
import { type Contestant, openStopwatch, type Stopwatch } from "./stopwatch";

export interface TuneOptions extends Pick<GenerateOptions, "count" | "guidance" | "signal"> {
  /** In place of the GPU's clock. */
  readonly stopwatch?: Stopwatch;
  /** In place of the engine's own list. */
  readonly candidates?: (operation: Operation, adapter: AdapterDescription) => readonly Choice[];
  /** Hears how many of the shapes are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What became of one candidate. */
export interface TriedChoice {
  readonly choice: Choice;
  /** How many times as fast as the default; null where it was not timed. */
  readonly gain: number | null;
  /** Why it could not win; null where it could. */
  readonly objection: string | null;
}

/** One shape of operation. */
export interface TunedShape {
  readonly key: string;
  /** The layers that have it. */
  readonly labels: readonly string[];
  /** Kernels of the default. */
  readonly kernels: readonly string[];
  readonly candidates: readonly TriedChoice[];
  /** `gain`: the least of all measurements. null: the default stays. */
  readonly winner: { readonly choice: Choice; readonly gain: number } | null;
}

export interface TuneResult {
  readonly tuning: Tuning;
  readonly place: string;
  readonly shapes: readonly TunedShape[];
}

/** A winner is more than this many times as fast as the default. */
const GAIN = 1.05;
const CONFIRMATIONS = 2;
/** Pairs of samples, default and candidate in turn, whose median counts. */
const PAIRS = 7;
/** Of the largest number of the default's result, as activations are stored: above what rounding makes, below a wrong number. */
const TOLERANCE = { f32: 1e-3, f16: 1e-2 } as const;

/** Tunes the shapes of one step with these options. The model must not be in use meanwhile: that would spoil the times. */
export async function tune(model: TunedModel, options: TuneOptions = {}): Promise<TuneResult> {
  const { stopwatch: given, candidates = candidatesFor, onProgress, signal, ...rest } = options;
  // Which class it is makes no difference to the shapes.
  const request = { ...rest, ...(model.config.classEmbedding.type === "learned" && { classLabel: 0 }) };
  const found = new Map<string, { operation: Operation; labels: string[] }>();
  let last = "";
  const { program, device } = await openProgram(model, request, (operation, { label, section }) => {
    if (section !== "step") return undefined;
    const key = shapeKey(operation);
    const shape = found.get(key) ?? { operation, labels: [] };
    shape.labels.push(label);
    found.set(key, shape);
    last = label;
    return undefined;
  });
  const shapes: TunedShape[] = [];
  let stopwatch = given;
  try {
    const expected = await resultsOf(
      program,
      [...found.values()].flatMap(({ labels }) => labels),
    );
    await fetchAlgorithms(device.adapter, true);
    stopwatch ??= await openStopwatch(device);
    for (const [key, { operation, labels }] of found) {
      signal?.throwIfAborted();
      onProgress?.(shapes.length, found.size);
      const choices = candidates(operation, device.adapter);
      shapes.push(await tuneShape({ key, labels, last, choices, model, request, program, expected, stopwatch }));
    }
    onProgress?.(shapes.length, found.size);
    const place = await placeOf(device.adapter);
    const choices = Object.fromEntries(shapes.map(({ key, winner }) => [key, winner?.choice ?? null]));
    return { tuning: { places: { [place]: choices } }, place, shapes };
  } finally {
    program.destroy();
    if (!given) stopwatch?.destroy();
  }
}

interface Bout {
  readonly key: string;
  readonly labels: readonly string[];
  /** The network's last operation: everything before has a share in its result. */
  readonly last: string;
  readonly choices: readonly Choice[];
  readonly model: TunedModel;
  readonly request: GenerateOptions;
  /** The default's. */
  readonly program: Program;
  readonly expected: Results;
  readonly stopwatch: Stopwatch;
}

async function tuneShape(bout: Bout): Promise<TunedShape> {
  const { key, labels, choices, program, stopwatch } = bout;
  const standard = contestantOf(program, labels[0]!);
  const candidates: TriedChoice[] = [];
  let best: { choice: Choice; gain: number; contestant: Contestant } | null = null;
  try {
    for (const choice of choices) {
      const tried = await tryCandidate(bout, choice, standard);
      if (typeof tried === "string") {
        candidates.push({ choice, gain: null, objection: tried });
        continue;
      }
      const gain = await gainOf(stopwatch, standard, tried);
      candidates.push({ choice, gain, objection: null });
      const isBest = gain > (best?.gain ?? GAIN);
      (isBest ? best?.contestant : tried)?.program.destroy();
      if (isBest) best = { choice, gain, contestant: tried };
    }
    const winner = best && (await confirmed(stopwatch, standard, best));
    return { key, labels, kernels: dispatchesOf(standard).map(({ shader }) => shader.name), candidates, winner };
  } finally {
    best?.contestant.program.destroy();
  }
}

/** The candidate's program, once it has proved to compute the same; else the reason why it cannot win. */
async function tryCandidate(bout: Bout, choice: Choice, standard: Contestant): Promise<Contestant | string> {
  const { key, labels, last, model, request, expected } = bout;
  const opened = await openProgram(model, request, (operation, { section }) =>
    section === "step" && shapeKey(operation) === key ? choice : undefined,
  ).catch((error: unknown) => {
    // What an adapter's compiler or limits refuse is no candidate; anything else is a mistake.
    if (error instanceof ShaderError || error instanceof InputError) return error.message;
    throw error;
  });
  if (typeof opened === "string") return opened;
  const { program } = opened;
  const contestant = contestantOf(program, labels[0]!);
  let objection: string | null = "it is the default";
  try {
    if (launchesOf(contestant) !== launchesOf(standard)) {
      const difference = differenceOf(expected, await resultsOf(program, [...labels, last]));
      objection =
        difference <= TOLERANCE[program.recording.precision.activations]
          ? null
          : `its result differs by ${difference.toPrecision(2)}`;
    }
    return objection ?? contestant;
  } finally {
    if (objection !== null) program.destroy();
  }
}

/** Measures the best candidate again; null where it does not win every time. */
async function confirmed(
  stopwatch: Stopwatch,
  standard: Contestant,
  { choice, gain, contestant }: { choice: Choice; gain: number; contestant: Contestant },
) {
  let least = gain;
  for (let i = 0; i < CONFIRMATIONS; i++) {
    least = Math.min(least, await gainOf(stopwatch, standard, contestant));
    if (least <= GAIN) return null;
  }
  return { choice, gain: least };
}

/** Median over pairs of how many times as fast the candidate is. */
async function gainOf(stopwatch: Stopwatch, standard: Contestant, candidate: Contestant): Promise<number> {
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const before = await stopwatch.time(standard);
    ratios.push(before / (await stopwatch.time(candidate)));
  }
  return ratios.sort((a, b) => a - b)[Math.floor(PAIRS / 2)]!;
}
