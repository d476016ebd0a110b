/** The few algorithms that are worth trying for an operation on an adapter; the default is among them. */
import type { Attention } from "../kernels/attention";
import type { Choice } from "../kernels/choices";
import type { Convolution } from "../kernels/conv2d";
import { algorithmsFor, attentionAlgorithmsFor, type Target } from "../kernels/variants";
import type { Operation } from "../recording/dispatch";

export function candidatesFor(operation: Operation, target: Target): readonly Choice[] {
  return operation.kind === "attention"
    ? attentionCandidates(operation as Attention, target)
    : algorithmsFor(operation as Convolution, target).flatMap(withKnobs);
}

/** A narrow head's scores are cheap to compute twice; a wide one's are not. */
function attentionCandidates(attention: Attention, target: Target): readonly Choice[] {
  const names = attentionAlgorithmsFor(attention, target);
  return names.filter((name) => name !== "narrow" || attention.headDim <= 128).flatMap(withKnobs);
}

function withKnobs(algorithm: string): readonly Choice[] {
  return [{ algorithm }, ...knobsOf(algorithm)];
}

function knobsOf(algorithm: string): readonly Choice[] {
  switch (algorithm) {
    case "tile":
      return [1, 4].map((slices) => ({ algorithm, slices }));
    // Small workgroups are many, enough for all cores; large ones cost less to begin.
    case "winograd4":
    case "winograd2":
    case "direct":
    case "narrow":
      return [16, 64].map((workgroup) => ({ algorithm, workgroup }));
    default:
      return [];
  }
}
