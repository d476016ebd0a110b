/** The samplers that suit the model, and what sets each apart. */

export interface SamplerWords {
  readonly name: string;
  readonly words: string;
}

/** Not those for EDM or flow models, nor Heun, which a schedule that ends in pure noise blows up. */
export const SAMPLER_WORDS: readonly SamplerWords[] = [
  { name: "ddpm", words: "the original: removes noise and adds a little back, which mends early mistakes (2020)" },
  { name: "ddim", words: "adds no noise back: the same static always leads the same way (2021)" },
  { name: "euler", words: "follows the slope of an equation, one straight line a step" },
  { name: "euler-ancestral", words: "Euler, with fresh noise in every step" },
  { name: "dpmsolver++", words: "looks at two steps at once, and so needs fewer of them (2022)" },
  { name: "sde-dpmsolver++", words: "DPM-Solver++ with fresh noise in every step" },
  { name: "unipc", words: "predicts a step, then corrects it; good with very few steps (2023)" },
  { name: "deis", words: "extrapolates from the last steps with exact integrals (2022)" },
  { name: "lms", words: "a weighted sum of the last four slopes" },
  { name: "pndm", words: "four slopes of a curve instead of one (2022)" },
  { name: "kdpm2", words: "looks ahead to the middle of each step: two evaluations" },
  { name: "lcm", words: "jumps to the end and noises back; made for distilled models (2023)" },
];

export function wordsOf(sampler: string): string {
  return SAMPLER_WORDS.find(({ name }) => name === sampler)?.words ?? "";
}
