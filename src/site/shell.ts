/** The page around the views: navigation, theme, title, and what is seen while a view loads or fails. */
import { parseAddress } from "./address";
import { h } from "./dom";
import { SharedModel } from "./model";
import { problem } from "./problem";
import { progressBar } from "./progress";
import { THEME_EVENT, theme, toggleTheme } from "./theme";
import type { View, ViewEntry } from "./view";

export class Shell {
  readonly element: HTMLElement;
  readonly #entries: readonly ViewEntry[];
  readonly #model = new SharedModel();
  readonly #main = h("main", { id: "main", tabindex: "-1" });
  readonly #links: ReadonlyMap<string, HTMLAnchorElement>;
  #view: View | undefined;
  #leaving = new AbortController();
  /** The address that is shown; what a view writes there itself must not open it anew. */
  #shown = "";

  constructor(entries: readonly ViewEntry[]) {
    this.#entries = entries;
    this.#links = new Map(entries.map(({ id, name }) => [id, h("a", { href: `#${id}` }, name)]));
    const skip = h("a", { class: "skip", href: "#main" }, "Skip to content");
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      this.#main.focus();
    });
    this.element = h("div", { class: "page" }, skip, this.#header(), this.#main, footer());
    window.addEventListener("hashchange", () => this.#follow(true));
  }

  start(): void {
    this.#follow(false);
  }

  #header(): HTMLElement {
    const button = h("button", { type: "button", class: "theme-toggle" });
    const label = () =>
      button.setAttribute("aria-label", theme() === "dark" ? "Use light colours" : "Use dark colours");
    button.addEventListener("click", toggleTheme);
    document.addEventListener(THEME_EVENT, label);
    label();
    return h(
      "header",
      { class: "site-header" },
      h("a", { class: "wordmark", href: `#${this.#entries[0]!.id}` }, "Unstatic"),
      h("nav", { "aria-label": "Views" }, ...this.#links.values()),
      button,
    );
  }

  /** Shows the view that the address names; the first one where it names none. */
  async #follow(byVisitor: boolean): Promise<void> {
    const { view: id, options } = parseAddress(location.hash);
    const entry = this.#entries.find((each) => each.id === id) ?? this.#entries[0]!;
    if (byVisitor && location.hash === this.#shown) return;
    this.#leave();
    const { signal } = this.#leaving;
    for (const [name, link] of this.#links) {
      if (name === entry.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${entry.name} · Unstatic`;
    const stage = h("div", { class: "view" });
    const heading = h("h1", {}, entry.title);
    this.#main.replaceChildren(heading, h("p", { class: "lead" }, entry.lead), stage);
    if (byVisitor) window.scrollTo(0, 0);
    const bar = progressBar("Fetching the model");
    this.#model.listen(bar.show, signal);
    stage.replaceChildren(h("div", { class: "view-loading" }, bar.element));
    try {
      const view = await entry.create({ model: this.#model, options });
      if (signal.aborted) return view.destroy();
      this.#view = view;
      stage.replaceChildren(view.element);
      this.#tellOfProcessor(signal);
      await view.open();
    } catch (error) {
      if (signal.aborted) return;
      stage.replaceChildren(problem(error, () => this.#follow(false)));
    }
  }

  /** Says it where the processor does the GPU's work: it is slower, and the visitor may have another browser. */
  async #tellOfProcessor(signal: AbortSignal): Promise<void> {
    if (!(await this.#model.gpu()) || signal.aborted) return;
    const text = "This browser offers no WebGPU, so the processor does the work: the same pictures, more slowly.";
    this.#main.querySelector(".lead")!.after(h("p", { class: "notice", role: "status" }, text));
  }

  #leave(): void {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.#view?.destroy();
    this.#view = undefined;
    this.#shown = location.hash;
  }
}

function footer(): HTMLElement {
  return h(
    "footer",
    { class: "site-footer" },
    h(
      "p",
      {},
      "Unstatic runs a diffusion model in this page, with hand-written WebGPU kernels; nothing leaves your computer. ",
      "The model learnt from drawings of ",
      h("a", { href: "https://quickdraw.withgoogle.com/data" }, "Quick, Draw!"),
      " (Google, CC BY 4.0). Set in Inter and Source Serif (SIL Open Font License).",
    ),
  );
}
