/** A text area that looks like code: the coloured text lies under a transparent one that takes the typing. */
import { h } from "../dom";
import { tokensOf } from "./wgsl_tokens";

export interface CodeProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export class CodeEditor {
  readonly element: HTMLElement;
  readonly #area: HTMLTextAreaElement;
  readonly #colours = h("pre", { class: "code-colours", "aria-hidden": "true" });
  readonly #gutter = h("pre", { class: "code-gutter", "aria-hidden": "true" });
  #problems: readonly CodeProblem[] = [];

  constructor(label: string, onInput: (text: string) => void) {
    this.#area = h("textarea", {
      class: "code-text",
      "aria-label": label,
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      wrap: "off",
    });
    this.#area.addEventListener("input", () => {
      this.#colour();
      onInput(this.#area.value);
    });
    this.element = h(
      "div",
      { class: "code" },
      this.#gutter,
      h("div", { class: "code-body" }, this.#colours, this.#area),
    );
  }

  get text(): string {
    return this.#area.value;
  }

  set text(text: string) {
    this.#area.value = text;
    this.#colour();
  }

  /** To be read only. */
  freeze(): void {
    this.#area.readOnly = true;
  }

  /** Marks lines; an empty list takes all marks away. */
  mark(problems: readonly CodeProblem[]): void {
    this.#problems = problems;
    this.#number();
  }

  /** Puts the caret at a line and column, which count from 1, and into view. */
  goTo(line: number, column: number): void {
    const before = this.#area.value.split("\n").slice(0, line - 1);
    const at = before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    this.#area.focus({ preventScroll: true });
    this.#area.setSelectionRange(at, at);
    const lineHeight = Number.parseFloat(getComputedStyle(this.#area).lineHeight);
    this.element.scrollTo({ top: Math.max(0, (line - 4) * lineHeight) });
  }

  #colour(): void {
    const tokens = tokensOf(this.#area.value).map(({ kind, text }) =>
      kind === "other" || kind === "name" ? text : h("span", { class: `code-${kind}` }, text),
    );
    // A last line that is empty would not count in the height.
    this.#colours.replaceChildren(...tokens, "\n");
    this.#number();
  }

  #number(): void {
    const lines = this.#area.value.split("\n").length;
    const wrong = new Set(this.#problems.map(({ line }) => line));
    const parts: (Node | string)[] = [];
    for (let line = 1; line <= lines; line++) {
      parts.push(wrong.has(line) ? h("mark", {}, String(line)) : String(line), "\n");
    }
    this.#gutter.replaceChildren(...parts);
  }
}
