/** What can differ between pictures of one static. */
import type { GenerateOptions } from "../../index";
import { SAMPLER_WORDS } from "../samplers";

export interface Variant {
  /** Names it in the address. */
  readonly id: string;
  readonly name: string;
  readonly words: string;
  readonly options: Pick<GenerateOptions, "sampler" | "steps" | "sigmas" | "spacing">;
}

export interface Dimension {
  readonly id: string;
  readonly name: string;
  readonly variants: readonly Variant[];
  /** The ids chosen when the page opens. */
  readonly opening: readonly string[];
}

const SPACINGS: readonly (Omit<Variant, "name"> & { readonly name?: string })[] = [
  {
    id: "own",
    name: "the model's own",
    words: "trailing: the last training step, and evenly down from there",
    options: {},
  },
  { id: "leading", words: "evenly spread steps, counted from the start", options: { spacing: "leading" } },
  { id: "linspace", words: "evenly spread steps, both ends included", options: { spacing: "linspace" } },
  { id: "karras", words: "more steps where little noise is left (2022)", options: { sigmas: "karras" } },
  { id: "exponential", words: "each step divides the noise by the same number", options: { sigmas: "exponential" } },
  { id: "beta", words: "dense at both ends (2024)", options: { sigmas: "beta" } },
  { id: "lu", words: "evenly spread in the logarithm of signal to noise", options: { sigmas: "lu" } },
];

const COUNTS = [1, 2, 4, 8, 16, 24, 50, 100];

export const DIMENSIONS: readonly Dimension[] = [
  {
    id: "samplers",
    name: "Samplers",
    variants: SAMPLER_WORDS.map(({ name, words }) => ({ id: name, name, words, options: { sampler: name } })),
    opening: ["ddpm", "ddim", "euler", "euler-ancestral", "dpmsolver++", "unipc"],
  },
  {
    id: "steps",
    name: "Step counts",
    variants: COUNTS.map((steps) => ({
      id: String(steps),
      name: steps === 1 ? "1 step" : `${steps} steps`,
      words: "",
      options: { steps },
    })),
    opening: ["1", "2", "4", "8", "16", "24"],
  },
  {
    id: "spacing",
    name: "Schedules",
    variants: SPACINGS.map((spacing) => ({ name: spacing.id, ...spacing })),
    opening: ["own", "leading", "karras", "exponential", "beta", "lu"],
  },
];
