/** shaders/advance_step.wgsl in TypeScript. */
import type { Launch } from "./launch";

/** step' = step + 1 */
export function advanceStep({ u32: { step } }: Launch<"step">): void {
  step[0]!++;
}
