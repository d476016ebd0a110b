/**
 * Where a NaN or an infinity began. The loop itself only notices that the network's output is no longer finite: one word
 * that comes back with the picture. Then, and only then, it is replayed in memory that nothing shares, and every layer's
 * result is read, in order, until one is not finite.
 */
import type { Program } from "../runtime/program";
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
