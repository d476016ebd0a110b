/** Receipts laid side by side: this browser's own, and those that are dropped here or chosen. */
import { comparisonOf, type NamedReceipt, parseReceipt, type Receipt } from "../../index";
import { h } from "../dom";
import { table } from "./figures";

/** This browser's own, in this order: what the others are measured against is untuned, where there is such a one. */
export const OWN = ["this browser", "this browser, tuned"] as const;
const TABLES = ["Who ran", "Figures", "Kernels"];

export class Receipts {
  readonly element: HTMLElement;
  readonly #list = h("ul", { class: "receipts" });
  readonly #result = h("div", { class: "comparison" });
  readonly #status = h("p", { class: "drop-status", role: "status" });
  #receipts: NamedReceipt[] = [];

  constructor() {
    const input = h("input", { type: "file", accept: ".json,application/json", multiple: true, class: "drop-input" });
    input.addEventListener("change", async () => {
      await this.#take([...(input.files ?? [])]);
      input.value = "";
    });
    const hint = "JSON files of this page or of npm run bench. The first is what the others are measured against.";
    const zone = h(
      "label",
      { class: "drop" },
      h("span", {}, h("strong", {}, "Choose receipts"), ", or drop them here"),
      h("span", { class: "quiet" }, hint),
      input,
    );
    for (const type of ["dragenter", "dragover"]) {
      zone.addEventListener(type, (event) => {
        event.preventDefault();
        zone.dataset.over = "";
      });
    }
    for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => delete zone.dataset.over);
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#take([...(event.dataTransfer?.files ?? [])]);
    });
    this.element = h("div", {}, zone, this.#status, this.#list, this.#result);
  }

  /** This browser's latest runs, one with and one without tuning, stand first. */
  setOwn(name: (typeof OWN)[number], receipt: Receipt): void {
    const own = OWN.flatMap((each) =>
      each === name ? [{ name, receipt }] : this.#receipts.filter((other) => other.name === each),
    );
    this.#receipts = [...own, ...this.#receipts.filter((each) => OWN.every((other) => other !== each.name))];
    this.#show();
  }

  async #take(files: readonly File[]): Promise<void> {
    const problems: string[] = [];
    for (const file of files) {
      try {
        const receipt = parseReceipt(await file.text(), file.name);
        this.#receipts.push({ name: this.#freeName(file.name.replace(/\.json$/i, "")), receipt });
      } catch (error) {
        problems.push((error as Error).message);
      }
    }
    this.#show();
    if (problems.length > 0) this.#say(problems.join(" "), true);
  }

  #freeName(name: string): string {
    const taken = new Set(this.#receipts.map((each) => each.name));
    let free = name;
    for (let i = 2; taken.has(free); i++) free = `${name} (${i})`;
    return free;
  }

  #show(): void {
    this.#list.replaceChildren(
      ...this.#receipts.map((each) => {
        const remove = () => {
          this.#receipts = this.#receipts.filter((other) => other !== each);
          this.#show();
        };
        const label = `Remove ${each.name}`;
        const button = h("button", { type: "button", class: "small", "aria-label": label, onclick: remove }, "×");
        return h("li", {}, h("span", {}, `${each.name}: ${each.receipt.adapter.description}`), button);
      }),
    );
    this.#result.replaceChildren();
    this.#say(this.#receipts.length === 1 ? "One more receipt, and they can be compared." : "", false);
    if (this.#receipts.length < 2) return;
    try {
      const { title, tables, pictures } = comparisonOf(this.#receipts);
      const drawn = tables.map((each, i) => table(TABLES[i]!, each));
      this.#result.replaceChildren(h("p", {}, title), ...drawn, h("p", {}, pictures));
    } catch (error) {
      this.#say((error as Error).message, true);
    }
  }

  #say(text: string, isBad: boolean): void {
    this.#status.textContent = text;
    this.#status.toggleAttribute("data-failed", isBad);
  }
}
