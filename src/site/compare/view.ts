/** The view *Compare*: one static, led to a picture in several ways, side by side. */
import "./compare.css";
import { type GenerateOptions, type Image, InputError } from "../../index";
import { formatAddress, rewriteAddress } from "../address";
import { field, runButton, seedField, select, slider } from "../controls";
import { h } from "../dom";
import { problem } from "../problem";
import { progressBar } from "../progress";
import { PromptField } from "../prompt_field";
import { SAMPLER_WORDS } from "../samplers";
import type { Site, View } from "../view";
import { Card } from "./card";
import { explanation } from "./explanation";
import { DIMENSIONS, type Dimension, type Variant } from "./variants";

export class CompareView implements View {
  readonly element: HTMLElement;
  readonly #site: Site;
  readonly #prompt: PromptField;
  readonly #seed;
  readonly #steps;
  readonly #guidance;
  readonly #sampler: HTMLSelectElement;
  readonly #samplerField: HTMLElement;
  readonly #choices = h("div", { class: "choices" });
  readonly #button = runButton("Compare", () => this.#run?.abort());
  readonly #error = h("p", { class: "field-error", role: "alert" });
  readonly #trouble = h("div", {});
  readonly #bar = progressBar("Fetching the model");
  readonly #waiting = h("div", { class: "compare-waiting" }, this.#bar.element);
  readonly #cards = h("ul", { class: "cards" });
  readonly #chosen = new Map<string, Set<string>>();
  #dimension: Dimension;
  #run: AbortController | undefined;
  readonly #gone = new AbortController();

  constructor(site: Site) {
    this.#site = site;
    const { options } = site;
    this.#dimension = DIMENSIONS.find(({ id }) => id === options.get("by")) ?? DIMENSIONS[0]!;
    for (const { id, opening } of DIMENSIONS) {
      const asked = id === this.#dimension.id ? options.get("of")?.split(",") : undefined;
      this.#chosen.set(id, new Set(asked ?? opening));
    }
    this.#prompt = new PromptField(options.get("prompt") ?? "rabbit");
    this.#seed = seedField(Number(options.get("seed") ?? 7));
    this.#steps = slider("Steps", { min: 1, max: 100, value: Number(options.get("steps") ?? 12) });
    this.#guidance = slider(
      "Guidance",
      { min: 1, max: 8, step: 0.1, value: Number(options.get("guidance") ?? 2) },
      (value) => (value === 1 ? "off" : value.toFixed(1)),
    );
    this.#sampler = select(
      SAMPLER_WORDS.map(({ name }) => [name, name]),
      options.get("sampler") ?? "dpmsolver++",
    );
    this.#samplerField = field("Sampler", this.#sampler);
    this.element = h(
      "div",
      { class: "compare" },
      this.#form(),
      h("div", { class: "compare-stage" }, this.#trouble, this.#waiting, this.#cards),
      explanation(),
    );
    this.#choose(this.#dimension);
  }

  async open(): Promise<void> {
    this.#site.model.listen(this.#bar.show, this.#gone.signal);
    await this.#compare();
  }

  destroy(): void {
    this.#gone.abort();
    this.#run?.abort();
  }

  #form(): HTMLElement {
    const radios = DIMENSIONS.map((dimension) => {
      const input = h("input", { type: "radio", name: "by", value: dimension.id });
      input.checked = dimension === this.#dimension;
      input.addEventListener("change", () => this.#choose(dimension));
      return h("label", { class: "choice" }, input, dimension.name);
    });
    const submit = (event: Event) => {
      event.preventDefault();
      this.#compare();
    };
    return h(
      "form",
      { class: "compare-form", novalidate: true, onsubmit: submit },
      h("fieldset", {}, h("legend", {}, "What differs"), h("div", { class: "choices" }, ...radios)),
      h("fieldset", { class: "compare-variants" }, h("legend", {}, "Which of them"), this.#choices),
      h(
        "div",
        { class: "compare-same" },
        this.#prompt.element,
        this.#seed.element,
        this.#steps.element,
        this.#samplerField,
        this.#guidance.element,
      ),
      h("div", { class: "actions" }, this.#button.element, this.#error),
    );
  }

  #choose(dimension: Dimension): void {
    this.#dimension = dimension;
    const chosen = this.#chosen.get(dimension.id)!;
    this.#choices.replaceChildren(
      ...dimension.variants.map(({ id, name }) => {
        const input = h("input", { type: "checkbox", value: id });
        input.checked = chosen.has(id);
        input.addEventListener("change", () => (input.checked ? chosen.add(id) : chosen.delete(id)));
        return h("label", { class: "choice" }, input, name);
      }),
    );
    // What differs is not asked for a second time; its place stays.
    this.#steps.input.disabled = dimension.id === "steps";
    this.#sampler.disabled = dimension.id === "samplers";
  }

  /** The variants that are ticked, in the order of the list. */
  get #variants(): Variant[] {
    const chosen = this.#chosen.get(this.#dimension.id)!;
    return this.#dimension.variants.filter(({ id }) => chosen.has(id));
  }

  async #compare(): Promise<void> {
    this.#run?.abort();
    const run = new AbortController();
    this.#run = run;
    const variants = this.#variants;
    const same = { seed: this.#seed.value, steps: this.#steps.value, guidance: this.#guidance.value };
    const shared: GenerateOptions = { prompt: this.#prompt.value, sampler: this.#sampler.value, ...same };
    const of = variants.map(({ id }) => id).join(",");
    rewriteAddress(
      formatAddress("compare", {
        by: this.#dimension.id,
        of,
        prompt: this.#prompt.value,
        sampler: this.#sampler.value,
        ...same,
      }),
    );
    this.#prompt.fail(null);
    this.#trouble.replaceChildren();
    this.#error.textContent = variants.length === 0 ? "Tick at least one of them." : "";
    if (variants.length === 0) return;
    this.#button.isRunning = true;
    let cards: Card[] = [];
    try {
      const model = await this.#site.model.get();
      this.#waiting.hidden = true;
      if (run.signal.aborted) return;
      this.#prompt.offer(model.labels, () => this.#compare());
      cards = variants.map((variant) => new Card(variant, model.size));
      this.#cards.replaceChildren(...cards.map(({ element }) => element));
      let first: Image | undefined;
      for (const [i, { options }] of variants.entries()) {
        const card = cards[i]!;
        card.begin();
        try {
          const generation = await model.generate({
            ...shared,
            ...options,
            canvas: card.live,
            onProgress: (done, total) => card.progress(done, total),
            signal: run.signal,
          });
          first ??= generation.images[0]!;
          card.finish(generation, first);
        } catch (error) {
          // What one variant cannot do, another may; what is wrong with the prompt is wrong for all.
          if (!(error instanceof InputError) || /^(prompt|seed)/.test(error.message)) throw error;
          card.fail(error);
        }
      }
    } catch (error) {
      for (const card of cards) card.stop();
      if (run.signal.aborted) return;
      if (this.#prompt.take(error)) this.#prompt.input.focus();
      else if (error instanceof InputError) this.#error.textContent = error.message;
      else this.#trouble.replaceChildren(problem(error, () => this.#compare()));
    } finally {
      if (this.#run === run) this.#button.isRunning = false;
    }
  }
}
