/** What to look for. */
import { h } from "../dom";

export function explanation(): HTMLElement {
  return h(
    "section",
    { class: "compare-words" },
    h(
      "div",
      { class: "prose" },
      h("h2", {}, "One network, many ways"),
      h(
        "p",
        {},
        "The network only ever says in which direction the picture lies. How far to go, whether to remember earlier answers, whether to stir in fresh noise: that is the sampler's business. All of these start from the same static and ask the same network.",
      ),
      h(
        "p",
        {},
        "Those without fresh noise (ddim, euler, dpmsolver++, unipc) follow one and the same path, more or less exactly, and end up alike. Those that stir (ddpm, euler-ancestral) wander off, but get the chance to mend mistakes.",
      ),
    ),
    h(
      "div",
      { class: "prose" },
      h("h2", {}, "What a step costs"),
      h(
        "p",
        {},
        "Nearly all of a step is the network; the sampler's own arithmetic is a single small kernel. So the time goes with the number of evaluations, and a good sampler is one that needs few: compare step counts, and see where the picture stops changing. A single step gives the average of all that the static could become.",
      ),
      h(
        "p",
        {},
        "In this engine a sampler is a table of numbers, one row per evaluation; the same kernel executes all of them.",
      ),
    ),
  );
}
