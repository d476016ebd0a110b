/**
 * The roofline as a picture: every dispatch a mark, its arithmetic intensity against its rate, both logarithmic, under the
 * roof that this device's measured peaks make. A mark's area is its share of the step's time: large marks far below the
 * roof are where time can be won.
 */
import { mark } from "./marks";
import type { Receipt } from "./receipt";
import { bestCopy, type TimedLayer } from "./roofline";
import { digits, percent } from "./text_table";

const WIDTH = 860;
const HEIGHT = 520;
const LEFT = 64;
const RIGHT = 210;
const TOP = 48;
const BOTTOM = 52;
/** A dispatch that takes all of the time would have this radius. */
const LARGEST_RADIUS = 40;

interface Axes {
  readonly x: (intensity: number) => number;
  readonly y: (gflops: number) => number;
  readonly intensities: readonly [number, number];
  readonly rates: readonly [number, number];
}

/** The picture with its legend, as a file; `withLegend` false for a page that has `rooflineLegend` beside it. */
export function rooflineSvg(receipt: Receipt, withLegend = true): string {
  // Copies and counters do no arithmetic: they have no place on this plane.
  const layers = receipt.layers.filter(({ flops, bytes }) => flops > 0 && bytes > 0);
  const axes = axesOf(layers, receipt);
  const kernels = receipt.kernels.map(({ kernel }) => kernel);
  const { model, adapter, run, step } = receipt;
  const title = `${model.name} on ${adapter.description}, batch ${run.batch}, guidance ${run.guidance}: `;
  const width = withLegend ? WIDTH : WIDTH - RIGHT + LEFT / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${HEIGHT}" fill="white"/>`,
    text(LEFT, 20, `${title}${digits(step.ms.wall.median)} ms a step`, 'font-size="14"'),
    ...grid(axes),
    ...layers.map((layer) => markOf(layer, step.dispatchMs, axes, kernels.indexOf(layer.kernel))),
    ...roof(receipt, axes),
    ...(withLegend ? legend(receipt) : []),
    "</svg>",
    "",
  ].join("\n");
}

function axesOf(layers: readonly TimedLayer[], { peaks }: Receipt): Axes {
  const ridge = peaks.gflops / bestCopy(peaks);
  const intensities = decades([...layers.map(({ flops, bytes }) => flops / bytes), ridge / 4, ridge * 4]);
  const rates = decades([...layers.map(({ gflops }) => gflops), peaks.gflops * 1.5]);
  const scale =
    ([low, high]: readonly [number, number], from: number, to: number) =>
    (value: number) =>
      from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
  return {
    intensities,
    rates,
    x: scale(intensities, LEFT, WIDTH - RIGHT),
    y: scale(rates, HEIGHT - BOTTOM, TOP),
  };
}

/** The powers of ten around all values. */
function decades(values: readonly number[]): readonly [number, number] {
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  return [low, Math.max(10 ** Math.ceil(Math.log10(Math.max(...values))), 10 * low)];
}

function powers([low, high]: readonly [number, number]): number[] {
  const count = Math.round(Math.log10(high / low));
  return Array.from({ length: count + 1 }, (_, i) => low * 10 ** i);
}

function grid({ x, y, intensities, rates }: Axes): string[] {
  const [left, right, top, bottom] = [LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM];
  return [
    ...powers(intensities).flatMap((value) => [
      line(x(value), top, x(value), bottom, "#e5e7eb"),
      text(x(value), bottom + 18, label(value), 'text-anchor="middle"'),
    ]),
    ...powers(rates).flatMap((value) => [
      line(left, y(value), right, y(value), "#e5e7eb"),
      text(left - 8, y(value) + 4, label(value), 'text-anchor="end"'),
    ]),
    text((left + right) / 2, HEIGHT - 14, "floating-point operations a byte", 'text-anchor="middle"'),
    text(left - 8, TOP - 10, "GFLOP/s", 'text-anchor="end"'),
  ];
}

/** The ceiling of multiply-adds, and the slopes of the fastest copy and of the largest. */
function roof({ peaks }: Receipt, { x, y, intensities, rates }: Axes): string[] {
  const [low, high] = intensities;
  const slope = (gbPerSecond: number, name: string, side: "above" | "below") => {
    const start = Math.max(low, rates[0] / gbPerSecond);
    const ridge = Math.min(peaks.gflops / gbPerSecond, high);
    const middle = Math.sqrt(start * ridge);
    const [shift, anchor] = side === "above" ? [-8, "end"] : [8, "start"];
    const content = `${digits(gbPerSecond)} GB/s ${name}`;
    return [
      line(
        x(start),
        y(start * gbPerSecond),
        x(ridge),
        y(ridge * gbPerSecond),
        "#111827",
        side === "above" ? "" : "4 4",
      ),
      text(x(middle) + shift, y(middle * gbPerSecond) + shift, content, `text-anchor="${anchor}"`),
    ];
  };
  const best = bestCopy(peaks);
  const largest = peaks.copies.at(-1)!.gbPerSecond;
  return [
    line(x(Math.min(peaks.gflops / best, high)), y(peaks.gflops), x(high), y(peaks.gflops), "#111827"),
    text(x(high), y(peaks.gflops) - 6, `${digits(peaks.gflops)} GFLOP/s multiply-add`, 'text-anchor="end"'),
    ...slope(best, "copy", "above"),
    ...(largest < 0.9 * best ? slope(largest, "large copy", "below") : []),
  ];
}

function markOf(layer: TimedLayer, totalMs: number, { x, y }: Axes, kernel: number): string {
  const radius = Math.max(1.5, LARGEST_RADIUS * Math.sqrt(layer.ms / totalMs));
  const title = `${layer.label} (${layer.kernel}): ${digits(layer.ms)} ms, ${digits(layer.gflops)} GFLOP/s, ${percent(layer.peakShare)} of the roof`;
  return mark(kernel, x(layer.flops / layer.bytes), y(layer.gflops), radius, `<title>${escaped(title)}</title>`);
}

/** Each kernel's mark, by itself in a square of 16 pixels, with its name and its share of the step. */
export function rooflineLegend({ kernels }: Receipt): { readonly svg: string; readonly text: string }[] {
  return kernels.map(({ kernel, timeShare }, i) => ({
    svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16">${mark(i, 8, 8, 5)}</svg>`,
    text: `${kernel} ${percent(timeShare)}`,
  }));
}

function legend(receipt: Receipt): string[] {
  const left = WIDTH - RIGHT + 16;
  return rooflineLegend(receipt).flatMap((entry, i) => [
    mark(i, left, TOP + 20 * i, 5),
    text(left + 12, TOP + 20 * i + 4, entry.text),
  ]);
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string, dashes = ""): string {
  const style = dashes === "" ? "" : ` stroke-dasharray="${dashes}"`;
  const [a, b, c, d] = [x1, y1, x2, y2].map((place) => place.toFixed(1));
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="${stroke}"${style}/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  // A halo keeps it readable where it lies on marks.
  const halo = 'stroke="white" stroke-width="3" paint-order="stroke"';
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="#111827" ${halo} ${attributes}>${escaped(content)}</text>`;
}

function label(power: number): string {
  return power >= 1 ? power.toFixed(0) : String(Number(power.toPrecision(1)));
}

function escaped(content: string): string {
  return content.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}
