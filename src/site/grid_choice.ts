/** Buttons over a grid of pictures, one each: which of them is followed alone. */
import { h, roving } from "./dom";
import { sheetSize } from "./sheet";

export class GridChoice {
  readonly element = h("div", { class: "grid-choice" });
  readonly #choose: (picture: number | null) => void;

  constructor(choose: (picture: number | null) => void) {
    this.#choose = choose;
  }

  /** `count` pictures are there, of which `chosen` fills the place; null for all of them. A single one has no buttons. */
  show(count: number, chosen: number | null): void {
    const had = this.element.contains(document.activeElement);
    const buttons = chosen === null ? Array.from({ length: count }, (_, i) => this.#button(i)) : [this.#all(count)];
    this.element.replaceChildren(...(count > 1 ? buttons : []));
    this.element.style.setProperty("--columns", String(chosen === null ? sheetSize(count)[0] : 1));
    roving(this.element);
    if (had) this.element.querySelector<HTMLButtonElement>("[tabindex='0']")?.focus();
  }

  #button(picture: number): HTMLButtonElement {
    const name = `Picture ${picture + 1} alone`;
    const choose = () => this.#choose(picture);
    return h("button", { type: "button", "data-stop": "", "aria-label": name, title: name, onclick: choose });
  }

  #all(count: number): HTMLButtonElement {
    const name = `All ${count} pictures`;
    const choose = () => this.#choose(null);
    return h("button", { type: "button", "data-stop": "", "aria-label": name, title: name, onclick: choose });
  }
}
