/** The way back: the model starts from the noised picture and takes the steps that are left. */
import { noiseSteps } from "../../index";
import { runButton, slider } from "../controls";
import { h } from "../dom";
import { FilmViewer } from "../film_viewer";
import { problem } from "../problem";
import { PromptField } from "../prompt_field";
import { filmRun } from "../run";
import { type Pixels, paintPixels } from "../sheet";
import type { Site } from "../view";

/** The schedule that the model was trained with, which says what each of its steps can mend. */
const MODEL_SCHEDULE = noiseSteps({ schedule: "cosine", steps: 1000 });

const MODEL_SIZE = 32;

export class Denoising {
  readonly element: HTMLElement;
  readonly #site: Site;
  readonly #prompt = new PromptField("rabbit");
  readonly #steps = slider("Steps for all of the static", { min: 4, max: 100, value: 24 });
  readonly #invert = h("input", { type: "checkbox" });
  readonly #plan = h("p", { class: "plan", role: "status" });
  readonly #button = runButton("Denoise from here", () => this.#end(true));
  readonly #trouble = h("div", { class: "trouble" });
  readonly #viewer = new FilmViewer();
  readonly #gone = new AbortController();
  #run: AbortController | undefined;
  #picture: Pixels | undefined;
  #percent = 0;
  #seed = 0;

  constructor(site: Site) {
    this.#site = site;
    this.#steps.input.addEventListener("input", () => this.#describe());
    this.#invert.addEventListener("change", () => this.#preview());
    const submit = (event: Event) => {
      event.preventDefault();
      this.#start();
    };
    const invert = h("label", { class: "choice" }, this.#invert, "Dark lines on light paper: turn them over");
    const form = h(
      "form",
      { class: "denoise-form", novalidate: true, onsubmit: submit },
      this.#prompt.element,
      this.#steps.element,
      invert,
      this.#plan,
      this.#button.element,
    );
    this.#viewer.hideLoading();
    this.element = h(
      "section",
      { class: "denoise" },
      form,
      h("div", { class: "denoise-stage" }, this.#trouble, this.#viewer.element),
    );
  }

  /** Fetches the model in the background, so that its words can be offered. */
  async prepare(): Promise<void> {
    const model = await this.#site.model.get().catch(() => undefined);
    if (model) this.#prompt.offer(model.labels, () => {});
  }

  destroy(): void {
    this.#gone.abort();
    this.#run?.abort();
    this.#viewer.stop();
  }

  /** Another picture; drawings on paper are turned over unasked, since the model draws white on black. */
  take(picture: Pixels, name: string | undefined): void {
    this.#picture = picture;
    this.#invert.checked = edgeBrightness(picture) > 0.6;
    if (name) this.#prompt.input.value = name;
    this.#preview();
  }

  #preview(): void {
    this.#viewer.preview(seenByModel(this.#init), "your picture as the model sees it");
  }

  get #init(): Pixels {
    return this.#invert.checked ? inverted(this.#picture!) : this.#picture!;
  }

  /** How far the picture is noised. */
  set(percent: number, seed: number): void {
    this.#percent = percent;
    this.#seed = seed;
    this.#describe();
  }

  /** The steps that are left: those from the training step whose share of noise is nearest. */
  get #left(): { readonly timestep: number; readonly steps: number } {
    const distance = (percent: number) => Math.abs(percent - this.#percent);
    const nearest = MODEL_SCHEDULE.reduce((best, each) =>
      distance(each.percent) < distance(best.percent) ? each : best,
    );
    const timestep = nearest.timestep ?? -1;
    return { timestep, steps: Math.round(((timestep + 1) / 1000) * this.#steps.value) };
  }

  #describe(): void {
    const { timestep, steps } = this.#left;
    const all = this.#steps.value;
    this.#button.element.disabled = !this.#button.isRunning && steps < 1;
    this.#plan.textContent =
      steps < 1
        ? "There is too little noise to remove: drag the slider up first."
        : `In the model's own schedule that is t = ${timestep}: ${steps} of its ${all} steps are left.`;
  }

  async #start(): Promise<void> {
    this.#run?.abort();
    const run = new AbortController();
    this.#run = run;
    const { steps } = this.#left;
    const all = this.#steps.value;
    this.#prompt.fail(null);
    this.#trouble.replaceChildren();
    this.#setRunning(true);
    this.#site.model.listen(this.#viewer.showLoading, run.signal);
    try {
      const model = await this.#site.model.get();
      if (run.signal.aborted) return;
      await filmRun(model, this.#viewer, `a drawing of a ${this.#prompt.value}`, {
        prompt: this.#prompt.value,
        seed: this.#seed,
        steps: all,
        // Half a step more, lest rounding makes it one too few.
        strength: Math.min(1, (steps + 0.5) / all),
        init: this.#init,
        signal: run.signal,
      });
    } catch (error) {
      if (run.signal.aborted) return;
      this.#viewer.end();
      if (!this.#prompt.take(error)) this.#trouble.replaceChildren(problem(error, () => this.#start()));
    } finally {
      if (this.#run === run) this.#end(false);
    }
  }

  #end(byVisitor: boolean): void {
    this.#run?.abort();
    if (byVisitor) this.#viewer.end();
    this.#setRunning(false);
  }

  #setRunning(isRunning: boolean): void {
    this.#button.isRunning = isRunning;
    this.#describe();
  }
}

function inverted({ width, height, data }: Pixels): Pixels {
  return { width, height, data: data.map((value, i) => (i % 4 === 3 ? value : 255 - value)) };
}

/** In the model's size and grey; the engine does the same with exact numbers. */
function seenByModel(picture: Pixels): Pixels {
  const large = h("canvas");
  paintPixels(large, picture);
  const small = h("canvas", { width: MODEL_SIZE, height: MODEL_SIZE }).getContext("2d")!;
  small.imageSmoothingQuality = "high";
  small.filter = "grayscale(1)";
  small.drawImage(large, 0, 0, MODEL_SIZE, MODEL_SIZE);
  return small.getImageData(0, 0, MODEL_SIZE, MODEL_SIZE);
}

/** Mean brightness of the outermost pixels, 0 to 1: what the paper is. */
function edgeBrightness({ width, height, data }: Pixels): number {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += y === 0 || y === height - 1 ? 1 : width - 1) {
      const i = 4 * (y * width + x);
      sum += data[i]! + data[i + 1]! + data[i + 2]!;
      count += 3 * 255;
    }
  }
  return sum / count;
}
