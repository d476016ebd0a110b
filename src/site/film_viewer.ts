/** A run as it happens and afterwards: the state, the network's guess, and a slider over all steps so far. */
import "./film.css";
import type { Step } from "../index";
import { h } from "./dom";
import { type Frame, frameOf } from "./film";
import { Filmstrip } from "./film_strip";
import { GridChoice } from "./grid_choice";
import { math } from "./math";
import type { ProgressListener } from "./model";
import { progressBar } from "./progress";
import { type Pixels, paintPixels, sheet, sheetSize } from "./sheet";

const FRAMES_PER_SECOND = 12;

const STATE = ["The picture so far", "x_t", "Static at first, and a little less of it with each step.", "x"] as const;
const GUESS = ["The guess", "x\u0302_0", "What the network believes is hidden under the static.", "x0"] as const;

/** One of the two pictures: a canvas that the GPU draws on while a run is followed, another for steps gone by. */
class Screen {
  readonly live = h("canvas", { class: "screen-live", width: 32, height: 32 });
  readonly kept = h("canvas", { class: "screen-kept", width: 32, height: 32 });
  readonly element: HTMLElement;
  readonly #choice: GridChoice;
  /** What the picture is, or what one can do with a grid of them. */
  readonly note: HTMLElement;

  constructor(
    [title, symbol, explanation, kind]: readonly [string, string, string, string],
    choose: (picture: number | null) => void,
  ) {
    this.#choice = new GridChoice(choose);
    this.note = h("p", { class: "screen-note" }, explanation);
    this.kept.setAttribute("role", "img");
    this.kept.setAttribute("aria-label", "nothing yet");
    this.element = h(
      "figure",
      { class: `screen screen-${kind}` },
      h("figcaption", {}, h("span", {}, title), math(symbol)),
      h("div", { class: "screen-frame" }, this.live, this.kept, this.#choice.element),
      this.note,
    );
  }

  /** Offers the pictures of a grid, or all of them where one is looked at alone. */
  offer(count: number, chosen: number | null): void {
    this.#choice.show(count, chosen);
  }

  show(pictures: readonly Pixels[], name: string): void {
    paintPixels(this.kept, sheet(pictures, sheetSize(pictures.length)[0]));
    this.kept.setAttribute("aria-label", name);
  }
}

export class FilmViewer {
  readonly element: HTMLElement;
  readonly #x = new Screen(STATE, (picture) => this.#follow(picture));
  readonly #x0 = new Screen(GUESS, (picture) => this.#follow(picture));
  readonly #strip = new Filmstrip((index) => this.#choose(index));
  readonly #slider = h("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Step", disabled: true });
  readonly #text = h("output", { class: "film-text" }, "\u00a0");
  readonly #play = h("button", { type: "button", class: "film-play", disabled: true, "aria-label": "Play the run" });
  readonly #bar = progressBar("Fetching the model");
  readonly #waiting = h("div", { class: "film-waiting" }, this.#bar.element);
  readonly #playhead = h("div", { class: "film-playhead" });
  #frames: Frame[] = [];
  #count = 1;
  /** The picture of a grid that is followed alone; null for all. */
  #chosen: number | null = null;
  #total = 1;
  #name = "";
  #shown = -1;
  /** The slider sits at the newest step and moves along. */
  #isFollowing = true;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    this.#slider.addEventListener("input", () => this.#choose(Number(this.#slider.value)));
    this.#play.addEventListener("click", () => (this.#timer === undefined ? this.#start() : this.stop()));
    this.element = h(
      "div",
      { class: "film" },
      h("div", { class: "film-screens" }, this.#x.element, this.#x0.element, this.#waiting),
      h("div", { class: "film-strip" }, this.#strip.element, this.#playhead),
      h("div", { class: "film-bar" }, this.#play, this.#slider, this.#text),
    );
  }

  /** Every step of the run so far, with the pictures that are looked at. */
  get frames(): readonly Frame[] {
    return this.#frames.map((frame) => this.#seen(frame));
  }

  /** Which of the steps is looked at; -1 for none yet. */
  get shown(): number {
    return this.#shown;
  }

  /** Which picture of a grid is looked at alone; null for all. */
  get chosen(): number | null {
    return this.#chosen;
  }

  readonly showLoading: ProgressListener = (...news) => {
    this.#bar.show(...news);
    this.#waiting.hidden = false;
  };

  hideLoading(): void {
    this.#waiting.hidden = true;
  }

  /** What a run would begin with, while there is none. */
  preview(picture: Pixels, name: string): void {
    if (this.#frames.length === 0) this.#x.show([picture], name);
  }

  /** A new run of pictures called `name`. */
  begin(name: string): void {
    this.stop();
    this.#frames = [];
    this.#shown = -1;
    this.#isFollowing = true;
    this.#name = name;
    this.#play.disabled = true;
    this.#slider.disabled = true;
  }

  /** Shows a step while its numbers are on the GPU, and keeps them; not those of a run that was replaced meanwhile. */
  async take(
    step: Step,
    count: number,
    [height, width]: readonly [number, number],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (signal?.aborted) return;
    if (step.index === 0) {
      const [columns, rows] = sheetSize(count);
      for (const { live } of [this.#x, this.#x0])
        Object.assign(live, { width: columns * width, height: rows * height });
      this.#count = count;
      if (this.#chosen !== null && this.#chosen >= count) this.#chosen = null;
      this.#offer();
      this.#total = step.total;
      this.#slider.max = String(step.total - 1);
      this.#strip.begin(step.total);
      this.#slider.disabled = false;
    }
    // What the GPU draws is the whole grid.
    if (this.#isFollowing && this.#chosen === null) {
      this.element.dataset.live = "";
      step.draw(this.#x.live, "x");
      step.draw(this.#x0.live, "x0");
    }
    const frame = await frameOf(step);
    if (signal?.aborted) return;
    this.#frames.push(frame);
    this.#strip.add(this.#seen(frame));
    this.hideLoading();
    if (this.#isFollowing) this.#show(frame.index);
  }

  /** The run is over, or broken off. */
  end(): void {
    delete this.element.dataset.live;
    this.hideLoading();
    this.#play.disabled = this.#frames.length < 2;
    if (this.#shown >= 0) this.#show(this.#shown);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    delete this.#play.dataset.playing;
    this.#play.setAttribute("aria-label", "Play the run");
  }

  #start(): void {
    let index = this.#shown === this.#frames.length - 1 ? 0 : this.#shown;
    this.#play.dataset.playing = "";
    this.#play.setAttribute("aria-label", "Pause");
    this.#timer = setInterval(() => {
      this.#show(index++);
      if (index >= this.#frames.length) this.stop();
    }, 1000 / FRAMES_PER_SECOND);
  }

  #choose(index: number): void {
    if (this.#frames.length === 0) return;
    this.stop();
    const newest = this.#frames.length - 1;
    this.#isFollowing = index >= newest;
    delete this.element.dataset.live;
    this.#show(Math.min(index, newest));
  }

  /** One picture of the grid alone, or all: on both screens, and along the strip. */
  #follow(picture: number | null): void {
    this.#chosen = picture;
    delete this.element.dataset.live;
    this.#offer();
    this.#strip.begin(this.#total);
    for (const frame of this.frames) this.#strip.add(frame);
    if (this.#shown >= 0) this.#show(this.#shown);
  }

  #offer(): void {
    const [count, chosen] = [this.#count, this.#chosen];
    for (const screen of [this.#x, this.#x0]) screen.offer(count, chosen);
    const about = chosen === null ? "Choose a picture to follow it alone." : "Choose it again to see them all.";
    const which = chosen === null ? `${count} pictures at once.` : `Picture ${chosen + 1} of ${count}.`;
    this.#x.note.textContent = count > 1 ? `${which} ${about}` : STATE[2];
  }

  #seen(frame: Frame): Frame {
    if (this.#chosen === null) return frame;
    return { ...frame, x: [frame.x[this.#chosen]!], x0: [frame.x0[this.#chosen]!] };
  }

  #show(index: number): void {
    this.#shown = index;
    const { x, x0, noise, timestep } = this.#seen(this.#frames[index]!);
    const step = `step ${index + 1} of ${this.#total}`;
    const name = this.#chosen === null ? this.#name : `${this.#name}, picture ${this.#chosen + 1}`;
    this.#x.show(x, `${name}, ${step}: the state`);
    this.#x0.show(x0, `${name}, ${step}: the network's guess`);
    this.#slider.value = String(index);
    this.#slider.setAttribute("aria-valuetext", step);
    this.#text.textContent = `${step} · t = ${Math.round(timestep)} · ${percent(noise)} noise`;
    this.#playhead.style.setProperty("--at", String((index + 0.5) / this.#total));
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
