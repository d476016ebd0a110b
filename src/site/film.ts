/** A run kept for looking at: every step's state and guess. */
import type { Image, Step } from "../index";

export interface Frame {
  readonly index: number;
  readonly timestep: number;
  /** Share of noise in the state that the step began with, 0 to 1. */
  readonly noise: number;
  readonly x: readonly Image[];
  readonly x0: readonly Image[];
}

export async function frameOf(step: Step): Promise<Frame> {
  const { index, timestep, alpha, sigma } = step;
  const [x, x0] = [await step.x(), await step.x0()];
  return { index, timestep, noise: sigma ** 2 / (alpha ** 2 + sigma ** 2), x, x0 };
}
