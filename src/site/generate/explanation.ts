/** What happens, in words. */
import { h } from "../dom";
import { math } from "../math";

export function explanation(): HTMLElement {
  return h(
    "section",
    { class: "generate-words" },
    h(
      "div",
      { class: "prose" },
      h("h2", {}, "What you see"),
      h(
        "p",
        {},
        "The left picture starts as static: every pixel a random number, fixed by the seed. A small neural network looks at it and answers one question: ",
        h("em", {}, "if there were a drawing under this static, what would it be?"),
        " Its answer is the right picture: a blur at first, since almost anything could be under there.",
      ),
      h(
        "p",
        {},
        "The computer then removes a little of the static in the direction of that answer, and asks again. What was decided stays; what was vague gets sharper. After the last step nothing is left of the static.",
      ),
      math("x_t = \u03b1_t x_0 + \u03c3_t \u03b5", "math formula"),
      h(
        "p",
        {},
        "That is the whole trick: the network has only ever learnt to tell drawing, ",
        math("x_0"),
        ", and static, ",
        math("\u03b5"),
        ", apart in pictures mixed from both. ",
        math("\u03b1_t"),
        " and ",
        math("\u03c3_t"),
        " say how much of each there is at step ",
        math("t"),
        "; you can mix them yourself in ",
        h("a", { href: "#noise" }, "Noise it"),
        ".",
      ),
    ),
    h(
      "div",
      { class: "prose" },
      h("h2", {}, "What to try"),
      h(
        "p",
        {},
        "Drag the slider below the pictures back to the first steps, and watch the guess change its mind. Throw the die: another static, another rabbit. Keep the seed and change one letter of the rest: the same static, led elsewhere.",
      ),
      h(
        "p",
        {},
        "With ",
        h("strong", {}, "1 step"),
        " you get the blurry average of all rabbits; with 8 it has ears. ",
        h("strong", {}, "Guidance"),
        " asks the network twice, with and without your word, and exaggerates the difference: more rabbit, less variety. ",
        h("strong", {}, "Samplers"),
        " are rules for how far to go in each step; ",
        h("a", { href: "#compare" }, "compare them side by side"),
        ".",
      ),
      h(
        "p",
        {},
        "Nothing here was drawn beforehand. Each step is about 300 million multiply-adds per picture, computed now, on your own machine. ",
        h("a", { href: "#inside" }, "Look inside"),
        " to see every one of them.",
      ),
    ),
  );
}
