/** The forward process, in words. */
import { h } from "../dom";
import { math } from "../math";

export function explanation(): HTMLElement {
  return h(
    "section",
    { class: "noise-words" },
    h(
      "div",
      { class: "prose" },
      h("h2", {}, "Breaking is easy"),
      h(
        "p",
        {},
        "Every pixel is a number between −1, black, and 1, white. Noising fades that number out and fades a random one in:",
      ),
      math("x_t = \u03b1_t x_0 + \u03c3_t \u03b5", "math formula"),
      h(
        "p",
        {},
        "The two weights lie on a circle, ",
        math("\u03b1\u00b2 + \u03c3\u00b2 = 1"),
        ", so that the picture never gets brighter or duller on the whole: only less of it is picture. There is no need to go step by step; any level can be mixed at once, which is why the slider follows your finger.",
      ),
    ),
    h(
      "div",
      { class: "prose" },
      h("h2", {}, "The schedule decides where the work is"),
      h(
        "p",
        {},
        "The bars show what each step adds. The linear schedule drowns the picture early and spends its last steps on what is static already; the cosine schedule spreads the loss evenly, which helps small pictures.",
      ),
      h(
        "p",
        {},
        "Training is this page, millions of times: take a drawing, noise it to a random level, and let the network guess what was there. At 30 % you can still do that yourself. At 90 % you need to know what drawings look like; and that is what it has learnt.",
      ),
    ),
  );
}
