/** Every step of a run as pictures, for contact sheets and scrubbers. */
import type { History } from "../runtime/history";
import type { Row } from "../schedulers/table";
import { type BHWC, unpadRows } from "../tensor/shape";
import type { KeptStep } from "./generation";
import { imagesOf } from "./image";

/** The steps, and the numbers of the last one as the GPU has them. */
export async function keptSteps(
  history: History,
  rows: readonly Row[],
  shape: BHWC,
): Promise<{ steps: KeptStep[]; end: Float32Array }> {
  const kept = await history.read();
  const steps = rows.map(({ timestep, sigma }, index) => {
    const [x, x0] = kept[index]!.map((numbers) => imagesOf(unpadRows(numbers, shape), shape));
    return { index, timestep, sigma, x: x!, x0: x0! };
  });
  return { steps, end: kept.at(-1)![0]! };
}
