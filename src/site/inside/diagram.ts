/** Draws the network as the letter U: time from left to right, resolution downwards, live maps as its nodes. */
import { h, roving } from "../dom";
import type { Graph, GraphNode } from "./graph";
import { percentage, shape, shortName } from "./words";

/** A node's picture, by level, in units that the style sheet fits to the page; the last one is used for all below. */
const SIZES = [52, 44, 38, 34];
const GAP = 8;
const ROW = 92;
/** Room above the first row for the arcs of skips. */
const TOP = 44;
const SVG = "http://www.w3.org/2000/svg";

interface Place {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

interface DrawnNode {
  readonly button: HTMLButtonElement;
  readonly canvas: HTMLCanvasElement;
  readonly bar: HTMLElement;
  readonly share: HTMLElement;
}

export class Diagram {
  readonly element: HTMLElement;
  readonly #nodes: readonly DrawnNode[];

  constructor(graph: Graph, onSelect: (index: number) => void) {
    const places = placesOf(graph);
    const width = Math.max(...places.map(({ x, size }) => x + size)) + GAP;
    const height = TOP + graph.levels * ROW;
    const surface = h("div", { class: "diagram-surface", style: `--width:${width};--height:${height}` });
    surface.append(edgesSvg(graph, places, width, height));
    this.#nodes = graph.nodes.map((node, i) => {
      const drawn = drawNode(node, places[i]!);
      drawn.button.addEventListener("click", () => onSelect(i));
      surface.append(drawn.button);
      return drawn;
    });
    this.element = h("div", { class: "diagram", role: "group", "aria-label": "The network, layer by layer" }, surface);
    roving(this.element);
  }

  canvas(index: number): HTMLCanvasElement {
    return this.#nodes[index]!.canvas;
  }

  select(index: number): void {
    this.#nodes.forEach(({ button }, i) => {
      button.setAttribute("aria-pressed", String(i === index));
      button.tabIndex = i === index ? 0 : -1;
    });
    const { button } = this.#nodes[index]!;
    const left = button.offsetLeft - this.element.clientWidth / 2;
    const isHidden =
      button.offsetLeft < this.element.scrollLeft ||
      button.offsetLeft + button.offsetWidth > this.element.scrollLeft + this.element.clientWidth;
    if (isHidden) this.element.scrollTo({ left });
  }

  /** Shows each node's share of the step's time, 0 to 1; null for those outside of the step. */
  showShares(shares: readonly (number | null)[]): void {
    const largest = Math.max(...shares.map((share) => share ?? 0));
    this.#nodes.forEach(({ bar, share }, i) => {
      const value = shares[i] ?? null;
      bar.style.setProperty("--part", String(value === null ? 0 : value / largest));
      share.textContent = value === null ? "" : percentage(value);
    });
  }
}

function placesOf({ nodes, columns }: Graph): Place[] {
  const sizeAt = (level: number) => SIZES[Math.min(level, SIZES.length - 1)]!;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...nodes.filter((node) => node.column === column).map(({ level }) => sizeAt(level))),
  );
  const lefts = widths.map((_, column) => GAP + widths.slice(0, column).reduce((sum, width) => sum + width + GAP, 0));
  return nodes.map(({ column, level }) => ({
    x: lefts[column]! + (widths[column]! - sizeAt(level)) / 2,
    y: TOP + level * ROW,
    size: sizeAt(level),
  }));
}

function labelOf(node: GraphNode): string {
  return `${node.path}${node.output ? `, ${shape(node.output.shape.slice(1))}` : ""}`;
}

function drawNode(node: GraphNode, { x, y, size }: Place): DrawnNode {
  const canvas = h("canvas", { width: 1, height: 1, "aria-hidden": "true" });
  const bar = h("span", { class: "diagram-bar" });
  const share = h("span", { class: "diagram-share" });
  const button = h(
    "button",
    {
      type: "button",
      class: "diagram-node",
      "data-stop": "",
      "data-kind": node.kind,
      "aria-pressed": "false",
      "data-path": node.path,
      title: labelOf(node),
      style: `--x:${x};--y:${y};--size:${size}`,
    },
    canvas,
    bar,
    h("span", { class: "diagram-name" }, shortName(node)),
    share,
    h("span", { class: "visually-hidden" }, labelOf(node)),
  );
  return { button, canvas, bar, share };
}

function edgesSvg({ nodes, edges }: Graph, places: readonly Place[], width: number, height: number): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  for (const { from, to, kind } of edges) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", `diagram-${kind}`);
    path.setAttribute("d", kind === "flow" ? flow(places[from]!, places[to]!) : arc(places[from]!, places[to]!));
    svg.append(path);
  }
  const time = nodes.findIndex(({ kind }) => kind === "time");
  if (time >= 0) {
    const { x, y, size } = places[time]!;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", "diagram-aside");
    path.setAttribute("d", `M ${x + size} ${y + size / 2} h 22`);
    svg.append(path);
  }
  return svg;
}

/** Beside each other: straight across. Between levels: down or up the step, with a rounded corner. */
function flow(a: Place, b: Place): string {
  const [x1, y1] = [a.x + a.size, a.y + a.size / 2];
  const [x2, y2] = [b.x, b.y + b.size / 2];
  if (a.y === b.y) return `M ${x1} ${y1} L ${x2} ${y1}`;
  const middle = (x1 + x2) / 2;
  const bend = y2 > y1 ? 5 : -5;
  return `M ${x1} ${y1} Q ${middle} ${y1} ${middle} ${y1 + bend} V ${y2 - bend} Q ${middle} ${y2} ${x2} ${y2}`;
}

/** From the top of one node to the top of another, higher the further it goes. */
function arc(a: Place, b: Place): string {
  const [x1, x2] = [a.x + a.size / 2, b.x + b.size / 2];
  const rise = Math.min(50, 16 + (x2 - x1) / 30);
  return `M ${x1} ${a.y - 3} C ${x1} ${a.y - rise} ${x2} ${b.y - rise} ${x2} ${b.y - 3}`;
}
