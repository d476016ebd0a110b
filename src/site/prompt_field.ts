/** What to draw: a word, suggestions while it is typed, and everything that the model knows. */
import { h } from "./dom";

export class PromptField {
  readonly element: HTMLElement;
  readonly input = h("input", {
    type: "text",
    id: "prompt",
    list: "prompt-labels",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-describedby": "prompt-error",
    enterkeyhint: "go",
  });
  readonly #error = h("p", { id: "prompt-error", class: "field-error", role: "alert" });
  readonly #list = h("datalist", { id: "prompt-labels" });
  readonly #chips = h("div", { class: "chips" });
  readonly #summary = h("summary", {}, "Everything it can draw");
  readonly #details = h("details", { class: "known" }, this.#summary, this.#chips);

  constructor(value: string) {
    this.input.value = value;
    this.input.addEventListener("input", () => this.fail(null));
    const label = h("label", { for: "prompt", class: "field-head" }, "Draw a …");
    this.element = h("div", { class: "field" }, label, this.input, this.#list, this.#error, this.#details);
  }

  get value(): string {
    return this.input.value.trim();
  }

  /** The names that the model knows; `choose` is called when one is pressed. */
  offer(labels: readonly string[], choose: () => void): void {
    this.#summary.textContent = `All ${labels.length} things it can draw`;
    this.#list.replaceChildren(...labels.map((label) => h("option", { value: label })));
    const pick = (label: string) => () => {
      this.input.value = label;
      this.fail(null);
      choose();
    };
    this.#chips.replaceChildren(
      ...[...labels].sort().map((label) => h("button", { type: "button", onclick: pick(label) }, label)),
    );
  }

  /** Says what is wrong with the word, and shows the known ones; null takes it back. */
  fail(message: string | null): void {
    this.#error.textContent = message ?? "";
    if (message === null) this.input.removeAttribute("aria-invalid");
    else {
      this.input.setAttribute("aria-invalid", "true");
      this.#details.open = true;
    }
  }

  /** Whether an error speaks of the prompt; then it is shown here. The known names stand below it already. */
  take(error: unknown): boolean {
    if (!(error instanceof Error) || !error.message.startsWith("prompt:")) return false;
    this.fail(error.message.replace(/^prompt: must/, "Must").replace(/ The model knows:.*$/, " It knows these:"));
    return true;
  }
}
