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
import { check, InputError, ShaderError } from "../tensor/check";
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
  /** How many shapes to tune, those that take most of a step; all unless given. */
  readonly slowest?: number;
  /** Hears how many of the shapes are done, and the first layer of the next one; null at the end. */
  readonly onProgress?: (done: number, total: number, next: string | null) => void;
}

/** What became of one candidate. */
export interface TriedChoice {
  readonly choice: Choice;
  /** Largest difference to the default's result, as a part of its largest number; null where there was none to compare. */
  readonly difference: number | null;
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
  /** Of the time that all shapes take by default, 0 to 1. */
  readonly share: number;
  /** Kernels of the default. */
  readonly kernels: readonly string[];
  readonly candidates: readonly TriedChoice[];
  /** `gain`: the least of all measurements. null: the default stays. */
  readonly winner: { readonly choice: Choice; readonly gain: number } | null;
}

export interface TuneResult {
  readonly tuning: Tuning;
  readonly place: string;
  /** Those that take most of the time first. */
  readonly shapes: readonly TunedShape[];
}

/** A winner is more than this many times as fast as the default. */
const GAIN = 1.05;
const CONFIRMATIONS = 2;
/** Pairs of samples, default and candidate in turn, whose median counts. */
const PAIRS = 7;
/** Samples to rank the shapes by, of which the best counts: chance makes none shorter. */
const RANKING = 3;
/** Of the largest number of the default's result, as activations are stored: above what rounding makes, below a wrong number. */
const TOLERANCE = { f32: 1e-3, f16: 1e-2 } as const;

/** What the layers of a step have in common that get the same choice. */
interface Shape {
  readonly key: string;
  readonly operation: Operation;
  readonly labels: string[];
}

/** Tunes the shapes of one step with these options. The model must not be in use meanwhile: that would spoil the times. */
export async function tune(model: TunedModel, options: TuneOptions = {}): Promise<TuneResult> {
  const { stopwatch: given, candidates = candidatesFor, slowest = Infinity, onProgress, signal, ...rest } = options;
  check(slowest >= 1, () => `slowest: must be 1 or more shapes, got ${slowest}`, InputError);
  // Which class it is makes no difference to the shapes.
  const request = { ...rest, ...(model.config.classEmbedding.type === "learned" && { classLabel: 0 }) };
  const found = new Map<string, Shape>();
  let last = "";
  const { program, device } = await openProgram(model, request, (operation, { label, section }) => {
    if (section !== "step") return undefined;
    const key = shapeKey(operation);
    const shape = found.get(key) ?? { key, operation, labels: [] };
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
    const ranked = (await rankedByTime(found, program, stopwatch)).slice(0, slowest);
    for (const { key, operation, labels, share } of ranked) {
      onProgress?.(shapes.length, ranked.length, labels[0]!);
      const choices = candidates(operation, device.adapter);
      const bout = { key, labels, share, last, choices, model, request, program, expected, stopwatch, signal };
      shapes.push(await tuneShape(bout));
    }
    onProgress?.(shapes.length, ranked.length, null);
    const place = await placeOf(device.adapter);
    const choices = Object.fromEntries(shapes.map(({ key, winner }) => [key, winner?.choice ?? null]));
    return { tuning: { places: { [place]: choices } }, place, shapes };
  } finally {
    program.destroy();
    if (!given) stopwatch?.destroy();
  }
}

/** The shapes with their shares of the time by default, the largest first. */
async function rankedByTime(found: ReadonlyMap<string, Shape>, program: Program, stopwatch: Stopwatch) {
  const timed: (Shape & { readonly ms: number })[] = [];
  for (const shape of found.values()) {
    const { labels } = shape;
    const contestant = contestantOf(program, labels[0]!);
    const samples: number[] = [];
    while (samples.length < RANKING) samples.push(await stopwatch.time(contestant));
    timed.push({ ...shape, ms: labels.length * Math.min(...samples) });
  }
  const total = timed.reduce((sum, { ms }) => sum + ms, 0);
  return timed.sort((a, b) => b.ms - a.ms).map(({ ms, ...shape }) => ({ ...shape, share: ms / total }));
}

interface Bout {
  readonly key: string;
  readonly labels: readonly string[];
  readonly share: number;
  /** The network's last operation: everything before has a share in its result. */
  readonly last: string;
  readonly choices: readonly Choice[];
  readonly model: TunedModel;
  readonly request: GenerateOptions;
  /** The default's. */
  readonly program: Program;
  readonly expected: Results;
  readonly stopwatch: Stopwatch;
  readonly signal: AbortSignal | undefined;
}

async function tuneShape(bout: Bout): Promise<TunedShape> {
  const { key, labels, share, choices, program, stopwatch, signal } = bout;
  const standard = contestantOf(program, labels[0]!);
  const candidates: TriedChoice[] = [];
  let best: { choice: Choice; gain: number; contestant: Contestant } | null = null;
  try {
    for (const choice of choices) {
      signal?.throwIfAborted();
      const { contestant, ...tried } = await tryCandidate(bout, choice, standard);
      if (!contestant) {
        candidates.push({ choice, gain: null, ...tried });
        continue;
      }
      const gain = await gainOf(stopwatch, standard, contestant);
      candidates.push({ choice, gain, ...tried });
      const isBest = gain > (best?.gain ?? GAIN);
      (isBest ? best?.contestant : contestant)?.program.destroy();
      if (isBest) best = { choice, gain, contestant };
    }
    signal?.throwIfAborted();
    const winner = best && (await confirmed(stopwatch, standard, best));
    const kernels = dispatchesOf(standard).map(({ shader }) => shader.name);
    return { key, labels, share, kernels, candidates, winner };
  } finally {
    best?.contestant.program.destroy();
  }
}

interface Tried extends Pick<TriedChoice, "difference" | "objection"> {
  /** Null where it may not take part. */
  readonly contestant: Contestant | null;
}

/** The candidate's program, once it has proved to compute the same; else the reason why it cannot win. */
async function tryCandidate(bout: Bout, choice: Choice, standard: Contestant): Promise<Tried> {
  const { key, labels, last, model, request, expected } = bout;
  const opened = await openProgram(model, request, (operation, { section }) =>
    section === "step" && shapeKey(operation) === key ? choice : undefined,
  ).catch((error: unknown) => {
    // What an adapter's compiler or limits refuse is no candidate; anything else is a mistake.
    if (error instanceof ShaderError || error instanceof InputError) return error.message;
    throw error;
  });
  if (typeof opened === "string") return { contestant: null, difference: null, objection: opened };
  const { program } = opened;
  let isKept = false;
  try {
    const contestant = contestantOf(program, labels[0]!);
    if (launchesOf(contestant) === launchesOf(standard)) {
      return { contestant: null, difference: null, objection: "it is the default" };
    }
    const difference = differenceOf(expected, await resultsOf(program, [...labels, last]));
    isKept = difference <= TOLERANCE[program.recording.precision.activations];
    const objection = isKept ? null : `its result differs by ${difference.toPrecision(2)}`;
    return { contestant: isKept ? contestant : null, difference, objection };
  } finally {
    if (!isKept) program.destroy();
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
