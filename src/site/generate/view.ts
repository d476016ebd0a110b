/** The view *Generate*: a word, a seed, and a picture that comes out of static. */
import "./generate.css";
import { type Model, type RunReport, SAMPLERS } from "../../index";
import { withoutEcho } from "../adapter_name";
import { linkTo, rewriteAddress } from "../address";
import { field, runButton, seedField, select, slider } from "../controls";
import { h } from "../dom";
import { FilmViewer } from "../film_viewer";
import { messageOf, problem } from "../problem";
import { PromptField } from "../prompt_field";
import { filmRun } from "../run";
import { SAMPLER_WORDS, wordsOf } from "../samplers";
import type { Site, View } from "../view";
import { addressOf, type Choice, choiceOf, optionsOf } from "./choice";
import { explanation } from "./explanation";
import { savePicture, saveRun } from "./saving";

const GRIDS = [1, 2, 3, 4];

export class GenerateView implements View {
  readonly element: HTMLElement;
  readonly #site: Site;
  readonly #prompt: PromptField;
  readonly #steps;
  readonly #seed;
  readonly #sampler: HTMLSelectElement;
  readonly #samplerNote = h("p", { class: "field-note" });
  readonly #guidance;
  readonly #grid: HTMLSelectElement;
  readonly #button = runButton("Draw", () => this.#stop(), "Draw again");
  readonly #error = h("p", { class: "field-error", role: "alert" });
  readonly #viewer = new FilmViewer();
  readonly #report = h("p", { class: "report" }, "\u00a0");
  readonly #saved = h("span", { class: "saved", role: "status" });
  readonly #trouble = h("div", { class: "trouble" });
  readonly #savers: HTMLButtonElement[];
  #run: AbortController | undefined;
  readonly #gone = new AbortController();

  constructor(site: Site) {
    this.#site = site;
    const choice = choiceOf(site.options);
    this.#prompt = new PromptField(choice.prompt);
    this.#steps = slider("Steps", { min: 1, max: 100, value: choice.steps });
    this.#seed = seedField(choice.seed);
    const samplers = SAMPLER_WORDS.map(({ name }) => name);
    if (!samplers.includes(choice.sampler) && choice.sampler in SAMPLERS) samplers.push(choice.sampler);
    this.#sampler = select(
      samplers.map((name) => [name, name]),
      choice.sampler,
    );
    this.#guidance = slider("Guidance", { min: 1, max: 8, step: 0.1, value: choice.guidance }, (value) =>
      value === 1 ? "off" : value.toFixed(1),
    );
    this.#grid = select(
      GRIDS.map((side) => [String(side), side === 1 ? "1 picture" : `${side} × ${side}`]),
      String(choice.grid),
    );
    this.#savers = [
      h("button", { type: "button", disabled: true, onclick: () => this.#save(savePicture) }, "Save picture"),
      h("button", { type: "button", disabled: true, onclick: () => this.#save(saveRun) }, "Save animation"),
    ];
    const share = h("button", { type: "button", onclick: () => this.#share() }, "Copy link");
    this.element = h(
      "div",
      { class: "generate" },
      this.#form(),
      h(
        "div",
        { class: "generate-stage" },
        this.#trouble,
        this.#viewer.element,
        this.#report,
        h("div", { class: "actions" }, ...this.#savers, share, this.#saved),
      ),
      explanation(),
    );
    this.#describeSampler();
  }

  async open(): Promise<void> {
    this.#site.model.listen(this.#viewer.showLoading, this.#gone.signal);
    await this.#draw();
  }

  destroy(): void {
    this.#gone.abort();
    this.#run?.abort();
    this.#viewer.stop();
  }

  #form(): HTMLElement {
    const again = () => this.#draw();
    for (const input of [this.#steps.input, this.#seed.input, this.#guidance.input, this.#sampler, this.#grid]) {
      input.addEventListener("change", again);
    }
    this.#prompt.input.addEventListener("change", again);
    this.#sampler.addEventListener("change", () => this.#describeSampler());
    return h(
      "form",
      {
        class: "generate-form",
        novalidate: true,
        onsubmit: (event: Event) => {
          event.preventDefault();
          this.#draw();
        },
      },
      this.#prompt.element,
      this.#steps.element,
      this.#seed.element,
      h("div", {}, field("Sampler", this.#sampler), this.#samplerNote),
      this.#guidance.element,
      field("Grid", this.#grid),
      this.#button.element,
      this.#error,
    );
  }

  get #choice(): Choice {
    return {
      prompt: this.#prompt.value,
      steps: this.#steps.value,
      seed: this.#seed.value,
      sampler: this.#sampler.value,
      guidance: this.#guidance.value,
      grid: Number(this.#grid.value),
    };
  }

  async #draw(): Promise<void> {
    this.#run?.abort();
    const run = new AbortController();
    this.#run = run;
    const choice = this.#choice;
    rewriteAddress(addressOf(choice));
    this.#prompt.fail(null);
    this.#error.textContent = "";
    this.#saved.textContent = "";
    this.#trouble.replaceChildren();
    this.#setRunning(true);
    try {
      const model = await this.#site.model.get();
      if (run.signal.aborted) return;
      this.#prompt.offer(model.labels, () => this.#draw());
      const options = { ...optionsOf(choice), signal: run.signal };
      const report = await filmRun(model, this.#viewer, `a drawing of a ${choice.prompt}`, options);
      if (!run.signal.aborted) this.#describe(report, model);
    } catch (error) {
      if (run.signal.aborted) return;
      this.#fail(error);
    } finally {
      if (this.#run === run) this.#setRunning(false);
    }
  }

  #stop(): void {
    this.#run?.abort();
    this.#viewer.end();
    this.#setRunning(false);
  }

  #setRunning(isRunning: boolean): void {
    this.#button.isRunning = isRunning;
    for (const saver of this.#savers) saver.disabled = isRunning || this.#viewer.frames.length === 0;
  }

  #fail(error: unknown): void {
    this.#viewer.end();
    if (this.#prompt.take(error)) {
      this.#prompt.input.focus();
      return;
    }
    const isInput =
      error instanceof Error && /^(steps|seed|guidance|count|sampler|makeTable|schedulerNamed)/.test(error.message);
    if (isInput) this.#error.textContent = messageOf(error);
    else this.#trouble.replaceChildren(problem(error, () => this.#draw()));
  }

  #describe({ sampler, steps, ms, dispatchesPerStep, adapter, evaluations }: RunReport, model: Model): void {
    const twice = evaluations > steps ? `, ${evaluations} evaluations of the network` : "";
    this.#report.textContent =
      `${sampler}, ${steps} steps${twice}: ${Math.round(ms.laterStep)} ms a step, ` +
      `${dispatchesPerStep} GPU dispatches each. ${model.name} on ${withoutEcho(adapter)}` +
      `${this.#site.model.isTuned ? ", as tuned here" : ""}.`;
  }

  #describeSampler(): void {
    this.#samplerNote.textContent = wordsOf(this.#sampler.value);
  }

  async #save(save: typeof savePicture): Promise<void> {
    const name = await save(this.#viewer, this.#choice);
    this.#saved.textContent = `Saved ${name}`;
  }

  async #share(): Promise<void> {
    const link = linkTo(addressOf(this.#choice));
    try {
      await navigator.clipboard.writeText(link);
      this.#saved.textContent = "Link copied: it draws this very picture";
    } catch {
      this.#saved.textContent = "The address bar holds the link to this picture";
    }
  }
}
