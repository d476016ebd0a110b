/** A few measured points and the line through them, as a picture that a page's own colours fill. */
import { h } from "../dom";
import { digits } from "./figures";

export interface Point {
  readonly x: number;
  readonly ms: number;
}

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 420;
const HEIGHT = 220;
const LEFT = 56;
const RIGHT = 16;
const TOP = 16;
const BOTTOM = 28;

/** Both axes are linear and begin at 0, so that a proportion looks like one. */
export function plot(title: string, points: readonly Point[]): HTMLElement {
  const most = Math.max(...points.map(({ ms }) => ms)) * 1.1;
  const last = points.at(-1)!.x;
  const x = (value: number) => LEFT + (value / last) * (WIDTH - LEFT - RIGHT);
  const y = (ms: number) => HEIGHT - BOTTOM - (ms / most) * (HEIGHT - BOTTOM - TOP);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "plot" });
  svg.setAttribute("aria-label", `${title}: ${points.map((each) => `${each.x}: ${digits(each.ms)} ms`).join(", ")}`);
  svg.append(
    ...ticksUpTo(most).flatMap((tick) => [
      draw("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), class: "plot-grid" }),
      draw("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, digits(tick)),
    ]),
    draw("polyline", { points: points.map((each) => `${x(each.x)},${y(each.ms)}`).join(" "), class: "plot-line" }),
    ...points.flatMap((each) => [
      draw("circle", { cx: x(each.x), cy: y(each.ms), r: 4, class: "plot-dot" }),
      draw("text", { x: x(each.x), y: HEIGHT - 8, "text-anchor": "middle" }, String(each.x)),
    ]),
  );
  const figure = h("figure", { class: "plot-figure" }, h("figcaption", {}, title));
  figure.append(svg);
  return figure;
}

/** About four round numbers. */
function ticksUpTo(most: number): number[] {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

function draw(tag: string, attributes: Readonly<Record<string, string | number>>, text?: string): SVGElement {
  const element = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}
