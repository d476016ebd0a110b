/** A noise schedule as curves: how much picture and how much static there is at each step, and what each step adds. */
import type { NoiseStep } from "../../index";
import { h } from "../dom";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 560;
const HEIGHT = 240;
const MARGIN = { left: 34, right: 10, top: 12, bottom: 26 };
const [INNER_WIDTH, INNER_HEIGHT] = [WIDTH - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.top - MARGIN.bottom];
/** More bars than this would be thinner than a pixel. */
const BARS_MAX = 100;

export class Chart {
  readonly element: HTMLElement;
  readonly #svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  readonly #marker = svg("line", { class: "chart-marker", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
  #steps: readonly NoiseStep[] = [];

  constructor(choose: (step: number) => void) {
    const pick = (event: PointerEvent) => {
      const { left, width } = this.#svg.getBoundingClientRect();
      const x = (((event.clientX - left) / width) * WIDTH - MARGIN.left) / INNER_WIDTH;
      choose(Math.round(Math.min(1, Math.max(0, x)) * (this.#steps.length - 1)));
    };
    this.#svg.addEventListener("pointerdown", (event) => {
      this.#svg.setPointerCapture(event.pointerId);
      pick(event);
    });
    this.#svg.addEventListener("pointermove", (event) => {
      if (this.#svg.hasPointerCapture(event.pointerId)) pick(event);
    });
    this.element = h(
      "figure",
      { class: "chart" },
      h(
        "figcaption",
        {},
        h("span", { class: "key key-alpha" }, "picture, \u03b1"),
        h("span", { class: "key key-sigma" }, "static, \u03c3"),
        h("span", { class: "key key-added" }, "noise added by each step"),
      ),
    );
    this.element.append(this.#svg);
  }

  show(steps: readonly NoiseStep[], name: string): void {
    this.#steps = steps;
    const last = steps.length - 1;
    const most = Math.max(...steps.map(({ addedPercent }) => addedPercent));
    const stride = Math.ceil(last / BARS_MAX);
    const width = Math.max(1, (INNER_WIDTH / last) * stride - 1.5);
    const bars = steps
      .filter(({ step }) => step > 0 && step % stride === 0)
      .map(({ step, addedPercent }) => {
        const height = (addedPercent / most) * 0.5 * INNER_HEIGHT;
        return svg("rect", { x: at(step / last) - width, y: HEIGHT - MARGIN.bottom - height, width, height });
      });
    const curve = (value: (step: NoiseStep) => number, className: string) =>
      svg("path", {
        class: className,
        d: steps.map((step, i) => `${i ? "L" : "M"}${at(i / last).toFixed(1)} ${up(value(step)).toFixed(1)}`).join(""),
      });
    const lines = [0, 0.5, 1].flatMap((value) => [
      svg("line", { class: "chart-grid", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: up(value), y2: up(value) }),
      text(MARGIN.left - 8, up(value) + 4, String(value), "end"),
    ]);
    const ends = [text(at(0), HEIGHT - 8, "step 0", "start"), text(at(1), HEIGHT - 8, String(last), "end")];
    const peak = text(at(1), HEIGHT - MARGIN.bottom - 0.5 * INNER_HEIGHT - 6, `at most ${most.toFixed(1)} %`, "end");
    this.#svg.setAttribute("aria-label", `The ${name} schedule: picture and static in ${last} steps`);
    this.#svg.replaceChildren(
      ...lines,
      group("chart-bars", bars),
      curve(({ alpha }) => alpha, "chart-alpha"),
      curve(({ sigma }) => sigma, "chart-sigma"),
      ...ends,
      ...(last <= BARS_MAX ? [peak] : []),
      this.#marker,
    );
  }

  mark(step: number): void {
    const x = String(at(step / (this.#steps.length - 1)));
    this.#marker.setAttribute("x1", x);
    this.#marker.setAttribute("x2", x);
  }
}

function at(share: number): number {
  return MARGIN.left + share * INNER_WIDTH;
}

function up(value: number): number {
  return MARGIN.top + (1 - value) * INNER_HEIGHT;
}

function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

function group(className: string, children: readonly SVGElement[]): SVGElement {
  const element = svg("g", { class: className });
  element.append(...children);
  return element;
}

function text(x: number, y: number, words: string, anchor: "start" | "end"): SVGElement {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = words;
  return element;
}
