/**
 * Several algorithms for one operation: which one an adapter gets.
 *
 * A host twin records the algorithm that needs the fewest dispatches and runs everywhere, together with the operation
 * itself. Once the adapter is known, the recording is rewritten: dispatches for dispatches, plain data for plain data.
 */
import type { RecordedDispatch, Recording } from "../recording/recording";
import { check, InputError } from "../tensor/check";
import { type Attention, attentionLaunch } from "./attention";
import type { Choice, Chooser } from "./choices";
import type { Convolution } from "./conv2d";
import type { KnownStatistics } from "./conv2d_staged";
import { tiledConv2d } from "./conv2d_tiled";

/** What the choice depends on. */
export interface Target {
  readonly kind: "gpu" | "cpu";
  /** Lanes of a subgroup where that is one known number and kernels may use it; else null. */
  readonly subgroupSize: number | null;
}

interface Context {
  readonly recording: Recording;
  readonly dispatch: RecordedDispatch;
  readonly conv: Convolution;
  readonly target: Target;
  readonly known: KnownStatistics;
  readonly choice: Choice | undefined;
}

interface Algorithm {
  /** Where it is offered. */
  readonly kinds: readonly Target["kind"][];
  /** Whether it can compute the convolution. */
  readonly suits: (conv: Convolution, target: Target) => boolean;
  /** Whether it is the default, the first of the table that says so. */
  readonly prefers: (conv: Convolution, target: Target) => boolean;
  /** Records it in place of the dispatch, or gives the dispatch that stays. */
  readonly record: (context: Context) => RecordedDispatch | null;
}

/** The table: for each adapter kind the algorithms from the most special to the one that can do everything. */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  few_inputs: {
    kinds: ["gpu"],
    suits: (conv) => forGpu().hasFewInputs(conv),
    prefers: () => true,
    record: ({ recording, dispatch, conv }) => {
      forGpu().recordFewInputs(recording, dispatch.label, conv, dispatch.writes.y!);
      return null;
    },
  },
  few_outputs: {
    kinds: ["gpu"],
    suits: (conv) => forGpu().hasFewOutputs(conv),
    prefers: () => true,
    record: ({ recording, dispatch, conv }) => {
      forGpu().recordFewOutputs(recording, dispatch.label, conv, dispatch.writes.y!);
      return null;
    },
  },
  split: {
    kinds: ["gpu"],
    suits: (conv) => forGpu().partsOf(conv) > 1,
    prefers: (conv) => forGpu().gainsBySplit(conv),
    record: ({ recording, dispatch, conv }) => {
      const { partsOf, recordSplitConv2d } = forGpu();
      recordSplitConv2d(recording, dispatch.label, conv, partsOf(conv), dispatch.writes.y!);
      return null;
    },
  },
  tile: { kinds: ["gpu"], suits: () => true, prefers: () => true, record: tile },
  winograd4: inStages(4, (conv) => forCpu().suitsStagedWinograd(conv, 4)),
  winograd2: inStages(2, (conv) => forCpu().suitsStagedWinograd(conv, 2)),
  direct: inStages(null, () => true),
};

function tile({ dispatch, conv, choice }: Context): RecordedDispatch {
  return choice?.slices ? { ...dispatch, ...tiledConv2d(conv, choice.slices) } : dispatch;
}

function inStages(winograd: 2 | 4 | null, suits: (conv: Convolution) => boolean): Algorithm {
  return {
    // On a GPU only where it was fetched, for a tuner to compare.
    kinds: ["cpu", "gpu"],
    suits: (conv, { kind }) => (kind === "cpu" || staged !== undefined) && suits(conv),
    prefers: (_conv, { kind }) => kind === "cpu",
    record: ({ recording, dispatch, conv, target, known, choice }) => {
      const options = { subgroupSize: target.subgroupSize, winograd, workgroup: choice?.workgroup };
      forCpu().recordStagedConv2d(recording, dispatch, conv, options, known);
      // The tiles of a GPU's other convolutions look for statistics behind what they read.
      if (target.kind === "gpu" && conv.statistics) {
        recording.add(`${dispatch.label}.statistics`, forCpu().statisticsBehind(dispatch.writes.y!));
      }
      return null;
    },
  };
}

/** The algorithms of each kind of adapter, once one was met or a tuner asked: no page needs both. */
let staged: typeof import("./staged") | undefined;
let tiled: typeof import("./tiled") | undefined;

/** Fetches what `chooseAlgorithms` needs for an adapter of this kind, or all that any could run. */
export async function fetchAlgorithms({ kind }: Pick<Target, "kind">, all = false): Promise<void> {
  if (all || kind === "cpu") staged ??= await import("./staged");
  if (all || kind === "gpu") tiled ??= await import("./tiled");
}

function forCpu(): typeof import("./staged") {
  check(staged, () => "chooseAlgorithms: those of CPU adapters must have been fetched");
  return staged;
}

function forGpu(): typeof import("./tiled") {
  check(tiled, () => "chooseAlgorithms: those of GPUs must have been fetched");
  return tiled;
}

/** The algorithms that can compute a convolution on an adapter, the default first. */
export function algorithmsFor(conv: Convolution, target: Target): string[] {
  const able = Object.entries(ALGORITHMS).filter(
    ([, { kinds, suits }]) => kinds.includes(target.kind) && suits(conv, target),
  );
  const preferred = able.findIndex(([, { prefers }]) => prefers(conv, target));
  const names = able.map(([name]) => name);
  return [names[preferred]!, ...names.filter((_, i) => i !== preferred)];
}

/** The algorithms that can compute an attention on an adapter; "staged" is the default. */
export function attentionAlgorithmsFor(attention: Attention, { kind, subgroupSize }: Target): string[] {
  const isStaged = kind === "cpu" && forCpu().suitsStagedAttention(attention, subgroupSize);
  return [...(isStaged ? ["staged"] : []), "narrow", "wide"];
}

/** Exchanges the dispatches of a recording for those that suit the adapter, by the table or by `choose`. */
export function chooseAlgorithms(recording: Recording, target: Target, choose: Chooser = () => undefined): void {
  const known: KnownStatistics = new Map();
  recording.exchange((dispatch) => {
    const { operation, label, writes } = dispatch;
    if (!operation) return dispatch;
    const attention = operation.kind === "attention" && (operation as Attention);
    const conv = operation as Convolution;
    const names = attention ? attentionAlgorithmsFor(attention, target) : algorithmsFor(conv, target);
    const choice = choose(operation, dispatch);
    const name = choice?.algorithm ?? names[0]!;
    check(
      names.includes(name),
      () => `${label}: the algorithm must be one of ${names.join(", ")}, got ${name}`,
      InputError,
    );
    if (!attention) return ALGORITHMS[name]!.record({ recording, dispatch, conv, target, known, choice });
    if (name !== "staged") return choice ? { ...dispatch, ...attentionLaunch(attention, choice) } : dispatch;
    forCpu().recordStagedAttention(recording, label, attention, target.subgroupSize!, writes.y!);
    return null;
  });
  recording.dropUnusedWeights();
}
