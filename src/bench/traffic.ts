/** How many bytes a dispatch must move at least, read off the recording. */
import { bytesOf, type RecordedDispatch, type Recording, type Tensor } from "../recording/recording";

/**
 * Bytes of every distinct tensor that the dispatch reads or writes, each counted once: what a perfect cache would leave.
 *
 * Two kinds count nothing: u32 states (counters and the sampler's table, of which a step reads one row), and what an
 * earlier section computed for the whole schedule (the time embeddings' table, of which a step reads one row, too).
 */
export function trafficOf(recording: Recording): (dispatch: RecordedDispatch) => number {
  const writers = new Map<Tensor, Set<string>>();
  for (const { section, writes } of recording.dispatches) {
    for (const tensor of Object.values(writes)) writers.set(tensor, (writers.get(tensor) ?? new Set()).add(section));
  }
  return ({ section, reads, writes }) => {
    const tensors = new Set([...Object.values(reads), ...Object.values(writes)]);
    const counts = (tensor: Tensor) =>
      tensor.dtype !== "u32" && (tensor.kind !== "activation" || writers.get(tensor)?.has(section));
    return [...tensors].filter(counts).reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  };
}
