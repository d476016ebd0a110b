/**
 * Several algorithms for one operation: which one an adapter gets.
 *
 * A host twin records the algorithm that needs the fewest dispatches and runs everywhere, together with the operation
 * itself. Once the adapter is known, the recording is rewritten: dispatches for dispatches, plain data for plain data.
 */
import type { RecordedDispatch, Recording } from "../recording/recording";
import { check } from "../tensor/check";
import type { Convolution } from "./conv2d";
import type { KnownStatistics } from "./conv2d_staged";

/** What the choice depends on. */
export interface Target {
  readonly kind: "gpu" | "cpu";
  /** Lanes of a subgroup where that is one known number and kernels may use it; else null. */
  readonly subgroupSize: number | null;
}

/** The algorithms of CPU adapters, once one was met: most pages never do. */
let staged: typeof import("./conv2d_staged") | undefined;

/** Fetches what `chooseAlgorithms` needs for an adapter of this kind. */
export async function fetchAlgorithms({ kind }: Pick<Target, "kind">): Promise<void> {
  if (kind === "cpu") staged ??= await import("./conv2d_staged");
}

/** Exchanges the dispatches of a recording for those that suit the adapter. */
export function chooseAlgorithms(recording: Recording, target: Target): void {
  const known: KnownStatistics = new Map();
  recording.exchange((dispatch) => {
    const conv = convolutionOf(dispatch);
    if (!conv || target.kind === "gpu") return dispatch;
    check(staged, () => "chooseAlgorithms: those of CPU adapters must have been fetched");
    staged.recordStagedConv2d(recording, dispatch, conv, target.subgroupSize, known);
    return null;
  });
  recording.dropUnusedWeights();
}

function convolutionOf({ operation }: RecordedDispatch): Convolution | undefined {
  return operation?.kind === "conv2d" ? (operation as Convolution) : undefined;
}
