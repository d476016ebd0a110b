/**
 * Timestep spacings: which of the training steps are visited when sampling takes fewer of them.
 *
 * Names and roundings are diffusers'; see table 2 of Lin et al. 2023, "Common diffusion noise schedules and sample
 * steps are flawed". All functions return timesteps in the order of sampling, from much noise to little.
 */
import { check, InputError } from "../tensor/check";
import type { CommonConfig } from "./config";
import { linspace64, roundHalfEven } from "./float32";

type SpacingConfig = Pick<CommonConfig, "num_train_timesteps" | "timestep_spacing" | "steps_offset">;

/** Integer timesteps as DDPM, DDIM and PNDM choose them. */
export function integerTimesteps(config: SpacingConfig, steps: number): number[] {
  return spacedTimesteps(config, steps).map(roundHalfEven);
}

/** Timesteps of the sigma samplers (Euler, Heun, LMS, KDPM2): linspace stays fractional, as float32. */
export function fractionalTimesteps(config: SpacingConfig, steps: number): number[] {
  const timesteps = spacedTimesteps(config, steps);
  return config.timestep_spacing === "linspace" ? timesteps.map(Math.fround) : timesteps.map(roundHalfEven);
}

function spacedTimesteps(config: SpacingConfig, steps: number): number[] {
  const train = config.num_train_timesteps;
  switch (config.timestep_spacing) {
    case "linspace":
      return linspace64(0, train - 1, steps).reverse();
    case "leading": {
      const ratio = Math.floor(train / steps);
      return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio + config.steps_offset);
    }
    case "trailing":
      return trailing(train, train / steps);
  }
}

/** Timesteps of DPM-Solver, UniPC and DEIS: `last` training steps are spread over one step more than is taken. */
export function solverTimesteps(config: SpacingConfig, steps: number, last: number): number[] {
  switch (config.timestep_spacing) {
    case "linspace":
      return linspace64(0, last - 1, steps + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, steps);
    case "leading": {
      const ratio = Math.floor(last / (steps + 1));
      return Array.from({ length: steps }, (_, i) => (steps - i) * ratio + config.steps_offset);
    }
    case "trailing":
      return trailing(last, config.num_train_timesteps / steps);
  }
}

/** round(arange(last, 0, -ratio)) - 1: with an inexact ratio numpy may return one element more than planned. */
function trailing(last: number, ratio: number): number[] {
  const count = Math.max(0, Math.ceil((0 - last) / -ratio));
  // numpy.arange computes its step as (start + step) - start, which matters in the last bit.
  const delta = last - ratio - last;
  return Array.from({ length: count }, (_, i) => roundHalfEven(last + i * delta) - 1);
}

/** The caller's own list, `length` numbers that descend strictly from below `limit`, not below 0; null without one. */
export function ownList(
  what: "timesteps" | "sigmas",
  list: readonly number[] | undefined,
  length: number,
  limit: number,
): number[] | null {
  if (list === undefined) return null;
  const descends = list.every((value, i) => value >= 0 && value < (i === 0 ? limit : (list[i - 1] ?? 0)));
  check(
    list.length === length && descends,
    () => `makeTable: ${what} must be ${length} numbers that descend from below ${limit}, got ${JSON.stringify(list)}`,
    InputError,
  );
  return [...list];
}

/** Refuses a number of steps that no schedule can have. */
export function checkSteps(steps: number, most: number): void {
  check(
    Number.isInteger(steps) && steps >= 1 && steps <= most,
    () => `makeTable: steps must be an integer from 1 to ${most}, got ${steps}`,
    InputError,
  );
}
