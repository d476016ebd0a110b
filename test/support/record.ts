/** Recording in one line: appends a dispatch whose one output is `y`. */
import type { Dispatch } from "../../src/recording/dispatch";
import type { Recording, Tensor } from "../../src/recording/recording";

export function add(recording: Recording, label: string, dispatch: Dispatch): Tensor {
  return recording.add(label, dispatch).y as Tensor;
}
