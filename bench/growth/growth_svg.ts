/** The growth receipt as four small plots: a picture's share of a batch, size, steps, and the CPU's cost of a step. */
import { digits } from "../../src/bench/text_table";
import type { GrowthReceipt } from "./receipt";

const WIDTH = 420;
const HEIGHT = 290;
const MARGIN = { left: 62, right: 18, top: 40, bottom: 46 };
const INK = "#111827";
const FAINT = "#6b7280";
const MEASURED = "#0072b2";
const EXPECTED = "#d55e00";

type Point = readonly [x: number, y: number];

interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly Point[];
  /** What growth in proportion, or none, would look like. */
  readonly expected: { readonly name: string; readonly points: readonly Point[] };
  readonly isLogarithmicInY: boolean;
}

export function growthSvg(receipt: GrowthReceipt): string {
  const panels = panelsOf(receipt);
  const head = `${receipt.model} on ${receipt.adapter}, commit ${receipt.commit}, ${receipt.date.slice(0, 10)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH} ${2 * HEIGHT + 30}" font-family="sans-serif" font-size="12">`,
    `<rect width="${2 * WIDTH}" height="${2 * HEIGHT + 30}" fill="white"/>`,
    text(16, 20, head, FAINT),
    ...panels.map(
      (panel, i) =>
        `<g transform="translate(${(i % 2) * WIDTH} ${30 + Math.floor(i / 2) * HEIGHT})">\n${drawn(panel)}\n</g>`,
    ),
    "</svg>",
    "",
  ].join("\n");
}

function panelsOf({ kind, batches, sizes, steps }: GrowthReceipt): Panel[] {
  const single = batches[0]!;
  const native = sizes.find(({ size }) => size === 32) ?? sizes[0]!;
  const long = steps.at(-1)!;
  const isSoftware = kind === "cpu";
  const unit = isSoftware ? "CPU ms" : "ms";
  const share = (i: number) =>
    isSoftware ? batches[i]!.processorMs / batches[i]!.batch : single.msPerImage * batches[i]!.ratioPerImage;
  const ofSize = ({ ms, processorMs }: GrowthReceipt["sizes"][number]) => (isSoftware ? processorMs : ms.median);
  return [
    {
      title: "A picture's share of a step, by batch",
      xLabel: "pictures in a batch",
      yLabel: `${unit} a picture`,
      points: batches.map(({ batch }, i) => [batch, share(i)]),
      expected: { name: "a picture alone", points: batches.map(({ batch }) => [batch, share(0)]) },
      isLogarithmicInY: false,
    },
    {
      title: "A step and the size of the picture",
      xLabel: "pixels of a side",
      yLabel: `${unit} a step`,
      points: sizes.map((each) => [each.size, ofSize(each)]),
      expected: {
        name: "as the operations grow",
        points: sizes.map(({ size, flops }) => [size, (ofSize(native) * flops) / native.flops]),
      },
      isLogarithmicInY: true,
    },
    {
      title: "A generation and its number of steps",
      xLabel: "steps",
      yLabel: "ms in all",
      points: steps.map(({ steps: count, totalMs }) => [count, totalMs]),
      expected: { name: "in proportion", points: steps.map(({ steps: count }) => [count, count * long.msPerStep]) },
      isLogarithmicInY: true,
    },
    {
      title: "What a step costs the CPU: encode and submit",
      xLabel: "steps",
      yLabel: "ms a step",
      points: steps.map(({ steps: count, cpuMs }) => [count, cpuMs.median]),
      expected: { name: "the same for all", points: steps.map(({ steps: count }) => [count, long.cpuMs.median]) },
      isLogarithmicInY: false,
    },
  ];
}

function drawn({ title, xLabel, yLabel, points, expected, isLogarithmicInY }: Panel): string {
  const ys = [...points, ...expected.points].map(([, y]) => y);
  const xs = points.map(([x]) => x);
  const yTicks = isLogarithmicInY ? powers(Math.min(...ys), Math.max(...ys)) : evenTicks(Math.max(...ys));
  const x = scale([xs[0]!, xs.at(-1)!], [MARGIN.left, WIDTH - MARGIN.right], true);
  const y = scale([yTicks[0]!, yTicks.at(-1)!], [HEIGHT - MARGIN.bottom, MARGIN.top], isLogarithmicInY);
  const place = ([px, py]: Point) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`;
  return [
    text(MARGIN.left, 20, title, INK, 'font-weight="bold"'),
    ...yTicks.flatMap((tick) => [
      `<line x1="${MARGIN.left}" y1="${y(tick).toFixed(1)}" x2="${WIDTH - MARGIN.right}" y2="${y(tick).toFixed(1)}" stroke="#e5e7eb"/>`,
      text(MARGIN.left - 6, y(tick) + 4, tickLabel(tick), FAINT, 'text-anchor="end"'),
    ]),
    ...xs.map((tick) => text(x(tick), HEIGHT - MARGIN.bottom + 18, String(tick), FAINT, 'text-anchor="middle"')),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 10, xLabel, FAINT, 'text-anchor="middle"'),
    text(MARGIN.left, 35, `${yLabel}; dashed: ${expected.name}`, FAINT),
    `<polyline points="${expected.points.map(place).join(" ")}" fill="none" stroke="${EXPECTED}" stroke-dasharray="5 4"/>`,
    `<polyline points="${points.map(place).join(" ")}" fill="none" stroke="${MEASURED}" stroke-width="2"/>`,
    ...points.map((point) => {
      const [cx, cy] = place(point).split(",");
      return `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${MEASURED}"><title>${point[0]}: ${digits(point[1])}</title></circle>`;
    }),
  ].join("\n");
}

function scale([low, high]: readonly [number, number], [from, to]: readonly [number, number], isLogarithmic: boolean) {
  const at = (value: number) =>
    isLogarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return (value: number) => from + (to - from) * at(value);
}

/** The powers of ten around both. */
function powers(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.max(Math.ceil(Math.log10(high)), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** From 0 in round steps, with a fifth of the plot to spare above the largest value. */
function evenTicks(high: number): number[] {
  const rough = (1.2 * high) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * unit).find((candidate) => candidate >= rough)!;
  return [0, 1, 2, 3, 4].map((i) => i * step);
}

function tickLabel(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function text(x: number, y: number, content: string, fill: string, attributes = ""): string {
  const escaped = content.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${fill}" ${attributes}>${escaped}</text>`;
}
