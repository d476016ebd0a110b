/** What the visitor chose, as the address says it and as the engine takes it. */
import type { GenerateOptions } from "../../index";
import { formatAddress } from "../address";

export interface Choice {
  readonly prompt: string;
  readonly steps: number;
  readonly seed: number;
  readonly sampler: string;
  readonly guidance: number;
  /** Pictures along a side of the grid. */
  readonly grid: number;
}

export const OPENING: Choice = { prompt: "rabbit", steps: 24, seed: 7, sampler: "ddpm", guidance: 2, grid: 1 };

/** What an address leaves out is as when the page opens. A number that is none stays NaN: the engine then names it. */
export function choiceOf(options: URLSearchParams): Choice {
  const number = (name: "steps" | "seed" | "guidance" | "grid") =>
    options.has(name) ? Number(options.get(name) || Number.NaN) : OPENING[name];
  return {
    prompt: options.get("prompt") ?? OPENING.prompt,
    steps: number("steps"),
    seed: number("seed"),
    sampler: options.get("sampler") ?? OPENING.sampler,
    guidance: number("guidance"),
    grid: number("grid"),
  };
}

export function addressOf(choice: Choice): string {
  return formatAddress("generate", { ...choice });
}

export function optionsOf({ grid, ...options }: Choice): GenerateOptions {
  return { ...options, count: grid * grid };
}
