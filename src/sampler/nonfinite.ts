/**
 * Where a NaN or an infinity began. The loop itself only notices that the network's output is no longer finite: one word
 * that comes back with the picture. Then, and only then, it is replayed in memory that nothing shares, and every layer's
 * result is read, in order, until one is not finite.
 */
import type { Program } from "../runtime/program";
import { NumericError } from "../tensor/check";
import { paddedSizeOf } from "../tensor/shape";

/** The first layer whose activation is not finite, after a replay of a program whose activations share no memory. */
export async function firstNonfinite(program: Program): Promise<string | null> {
  for (const { label, writes } of program.recording.dispatches) {
    for (const tensor of Object.values(writes)) {
      if (tensor.kind !== "activation") continue;
      const numbers = (await program.read(tensor)).subarray(0, paddedSizeOf(tensor.shape));
      if (!numbers.every(Number.isFinite)) return label;
    }
  }
  return null;
}

/** What to throw after a replay of `program`, whose activations share no memory, as far as evaluation `row`. */
export async function nonfiniteError(
  model: string,
  program: Program,
  row: number,
  evaluations: number,
): Promise<NumericError> {
  const layer = (await firstNonfinite(program)) ?? "the sampler's step";
  return new NumericError(
    `${model}: every number must be finite, got NaN or infinity first in ${layer}, ` +
      `at evaluation ${row + 1} of ${evaluations}`,
    layer,
  );
}
