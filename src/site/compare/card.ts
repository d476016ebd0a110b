/** One of the pictures side by side: drawn live, then named, timed and measured against the first. */
import type { Generation, Image } from "../../index";
import { h } from "../dom";
import { messageOf } from "../problem";
import { paintPixels } from "../sheet";
import type { Variant } from "./variants";

export class Card {
  readonly element: HTMLElement;
  /** For the engine to draw on while the run goes on. */
  readonly live: HTMLCanvasElement;
  readonly #kept = h("canvas", { role: "img", "aria-label": "nothing yet" });
  readonly #status = h("p", { class: "card-status" }, "waiting");
  readonly #detail = h("p", { class: "card-detail" });
  readonly #name: string;

  constructor({ name, words }: Variant, [height, width]: readonly [number, number]) {
    this.#name = name;
    this.live = h("canvas", { width, height });
    this.element = h(
      "li",
      { class: "card" },
      h("div", { class: "card-frame" }, this.live, this.#kept),
      h("h3", {}, name),
      h("p", { class: "card-words" }, words),
      this.#status,
      this.#detail,
    );
  }

  begin(): void {
    this.element.dataset.state = "running";
    this.#status.textContent = "compiling \u2026";
  }

  progress(done: number, total: number): void {
    this.#status.textContent = `evaluation ${done} of ${total}`;
  }

  finish({ images, report }: Generation, first: Image): void {
    this.element.dataset.state = "done";
    const [image] = images as [Image];
    paintPixels(this.#kept, image);
    this.#kept.setAttribute("aria-label", `Drawn with ${this.#name}`);
    const { ms, steps, evaluations } = report;
    const each = steps > 1 ? ms.laterStep : ms.firstStep;
    this.#status.textContent = `${milliseconds(each)} a step, ${milliseconds(ms.total)} in all`;
    const apart =
      image === first
        ? "the first: the others are measured against it"
        : `${distance(image, first)} apart from the first`;
    const evaluated = evaluations === steps ? "" : `${evaluations} evaluations; `;
    this.#detail.textContent = evaluated + apart;
  }

  fail(error: unknown): void {
    this.element.dataset.state = "failed";
    this.#status.textContent = "not possible";
    this.#detail.textContent = messageOf(error);
  }

  /** The visitor stopped before it was done. */
  stop(): void {
    if (this.element.dataset.state === "done" || this.element.dataset.state === "failed") return;
    this.element.dataset.state = "stopped";
    this.#status.textContent = "stopped";
  }
}

/** Root mean square of the pixels' differences, in per cent of the way from black to white. */
function distance(a: Image, b: Image): string {
  const squares = a.samples.reduce((sum, value, i) => sum + (value - b.samples[i]!) ** 2, 0);
  return `${(50 * Math.sqrt(squares / a.samples.length)).toFixed(1)} %`;
}

export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}
