/** The view *Noise it*: a picture on its way to static, and back. */
import "./noise.css";
import { type NoiseStep, noiseSteps } from "../../index";
import { formatAddress, rewriteAddress } from "../address";
import { field, seedField, select, slider } from "../controls";
import { h } from "../dom";
import { problem } from "../problem";
import { type Pixels, paintPixels } from "../sheet";
import type { Site, View } from "../view";
import { Chart } from "./chart";
import { Denoising } from "./denoising";
import { explanation } from "./explanation";
import { PictureSource, SIZE } from "./picture_source";
import { SAMPLES } from "./samples";
import { Mixture } from "./static";

const SCHEDULES: readonly (readonly [value: string, name: string])[] = [
  ["cosine", "cosine (this model's)"],
  ["linear", "linear (DDPM, 2020)"],
  ["scaled_linear", "scaled linear (Stable Diffusion)"],
  ["sigmoid", "sigmoid"],
  ["laplace", "laplace"],
];
const OPENING = { schedule: "cosine", steps: 24, seed: 7, share: 0.4 };

export class NoiseView implements View {
  readonly element: HTMLElement;
  readonly #site: Site;
  readonly #canvas = h("canvas", { width: SIZE, height: SIZE, role: "img", "aria-label": "nothing yet" });
  readonly #drop = h("div", { class: "noise-picture" });
  readonly #source: PictureSource;
  readonly #schedule;
  readonly #count;
  readonly #seed;
  readonly #slider = h("input", { type: "range", min: 0, id: "noise-step" });
  readonly #percent = h("output", { for: "noise-step" });
  readonly #facts = h("dl", { class: "noise-facts" });
  readonly #chart = new Chart((step) => this.#goTo(step));
  readonly #trouble = h("div", {});
  readonly #denoising: Denoising;
  readonly #gone = new AbortController();
  #steps: readonly NoiseStep[] = [];
  #step = 0;
  #picture: Pixels | undefined;
  #name = "";
  #mixture: Mixture | undefined;
  /** Numbers the requests for static: a later one makes an earlier one stale. */
  #request = 0;

  constructor(site: Site) {
    this.#site = site;
    const { options } = site;
    const known = SCHEDULES.some(([name]) => name === options.get("schedule"));
    this.#schedule = select(SCHEDULES, known ? options.get("schedule")! : OPENING.schedule);
    this.#count = slider("Number of steps", { min: 2, max: 100, value: numberOf(options, "steps", OPENING.steps) });
    this.#seed = seedField(numberOf(options, "seed", OPENING.seed));
    this.#source = new PictureSource(this.#drop, (picture, name) => this.#take(picture, name), this.#gone.signal);
    this.#denoising = new Denoising(site);
    this.#drop.append(this.#canvas, h("span", { class: "noise-drop" }, "Drop it here"));
    this.#slider.addEventListener("input", () => this.#goTo(Number(this.#slider.value)));
    this.#schedule.addEventListener("change", () => this.#reschedule());
    this.#count.input.addEventListener("input", () => this.#reschedule());
    this.#seed.input.addEventListener("change", () => this.#remix());
    const label = h("label", { for: "noise-step", class: "field-head" }, "Noise", this.#percent);
    this.element = h(
      "div",
      { class: "noise" },
      h(
        "div",
        { class: "noise-desk" },
        h("div", { class: "noise-left" }, this.#trouble, this.#drop, label, this.#slider),
        h(
          "div",
          { class: "noise-right" },
          this.#source.element,
          h(
            "div",
            { class: "noise-controls" },
            field("Schedule", this.#schedule),
            this.#seed.element,
            this.#count.element,
          ),
          this.#chart.element,
          this.#facts,
        ),
      ),
      h("h2", {}, "Let the model take it from here"),
      h(
        "p",
        { class: "noise-intro" },
        "The network sees your picture as 32 × 32 grey pixels, noised as far as above, and clears away what it takes for static. A little noise, and it keeps your drawing; much, and it draws its own.",
      ),
      this.#denoising.element,
      explanation(),
    );
    this.#reschedule(numberOf(options, "at", -1));
  }

  async open(): Promise<void> {
    this.#source.use(SAMPLES[0]!);
    await this.#denoising.prepare();
  }

  destroy(): void {
    this.#gone.abort();
    this.#denoising.destroy();
  }

  #take(picture: Pixels, name: string): void {
    this.#picture = picture;
    this.#name = name;
    this.#mixture = undefined;
    this.#denoising.take(picture, SAMPLES.includes(name) ? name : undefined);
    this.#show();
    this.#remix();
  }

  /** Draws the static of this seed. The picture stays as it was until it is there. */
  async #remix(): Promise<void> {
    const request = ++this.#request;
    try {
      const gpu = await this.#site.model.gpu();
      const mixture = await Mixture.of(this.#picture!, this.#seed.value, gpu);
      if (request !== this.#request || this.#gone.signal.aborted) return;
      this.#trouble.replaceChildren();
      this.#mixture = mixture;
      this.#canvas.dataset.mixed = String(request);
      this.#show();
    } catch (error) {
      if (request === this.#request) this.#trouble.replaceChildren(problem(error, () => this.#remix()));
    }
  }

  /** Other levels; the share of the way stays. */
  #reschedule(at = -1): void {
    const share = this.#steps.length > 1 ? this.#step / (this.#steps.length - 1) : OPENING.share;
    const schedule = this.#schedule.value;
    this.#steps = noiseSteps({ schedule, steps: this.#count.value });
    const last = this.#steps.length - 1;
    this.#slider.max = String(last);
    this.#chart.show(this.#steps, schedule);
    this.#goTo(at >= 0 && at <= last ? at : Math.round(share * last));
  }

  #goTo(step: number): void {
    this.#step = step;
    this.#slider.value = String(step);
    this.#chart.mark(step);
    const { percent, alpha, sigma, addedPercent, snrDb } = this.#steps[step]!;
    this.#percent.textContent = `${percent.toFixed(1)} %, step ${step} of ${this.#steps.length - 1}`;
    this.#slider.setAttribute("aria-valuetext", this.#percent.textContent);
    const snr = Number.isFinite(snrDb) ? `${snrDb.toFixed(1)} dB` : "only signal";
    const facts: readonly (readonly [string, string])[] = [
      ["Mixture", `${alpha.toFixed(3)} × picture + ${sigma.toFixed(3)} × static`],
      ["Noise's share", `${percent.toFixed(2)} % of the variance`],
      ["This step added", step === 0 ? "nothing yet" : `${addedPercent.toFixed(2)} %`],
      ["Signal to noise", snr],
    ];
    this.#facts.replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    this.#denoising.set(percent, this.#seed.value);
    this.#show();
    rewriteAddress(
      formatAddress("noise", {
        schedule: this.#schedule.value,
        steps: this.#count.value,
        seed: this.#seed.value,
        at: step,
      }),
    );
  }

  #show(): void {
    if (!this.#picture) return;
    const { alpha, sigma, percent } = this.#steps[this.#step]!;
    const { width, height } = this.#picture;
    const data = this.#mixture?.at(alpha, sigma) ?? this.#picture.data;
    paintPixels(this.#canvas, { width, height, data });
    this.#canvas.setAttribute("aria-label", `${this.#name} with ${percent.toFixed(0)} % noise`);
  }
}

function numberOf(options: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(options.get(name) ?? Number.NaN);
  return Number.isInteger(value) && value >= 0 ? value : otherwise;
}
