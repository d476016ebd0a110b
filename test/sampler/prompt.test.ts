import { describe, expect, test } from "vitest";
import { classOf } from "../../src/sampler/prompt";

const labels = ["alarm clock", "clock", "rabbit", "house", "house plant", "pants", "octopus", "sheep", "fish", "bus"];

describe("classOf", () => {
  test.each([
    ["rabbit", "rabbit"],
    ["a drawing of a rabbit", "rabbit"],
    ["RABBITS!", "rabbit"],
    ["Some house plants, please", "house plant"],
    ["the house", "house"],
    ["alarm clock", "alarm clock"],
    ["pants", "pants"],
    ["octopi", "octopus"],
    ["sheep", "sheep"],
    ["fishes", "fish"],
    ["buses", "bus"],
  ])("%j is %j", (prompt, label) => {
    expect(labels[classOf(prompt, labels)]).toBe(label);
  });

  test.each([
    ["", "nothing"],
    ["a drawing", "only fillers"],
    ["unicorn", "an unknown word"],
    ["purple rabbit", "a word that would be ignored"],
    ["rabbit and house", "two names"],
    ["rab", "a part of a name"],
  ])("%j is refused: %s", (prompt) => {
    expect(() => classOf(prompt, labels)).toThrow(/^prompt: must .*The model knows: alarm clock, clock, rabbit, house/);
  });
});
