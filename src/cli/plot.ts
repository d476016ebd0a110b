/** Curves on paper: axes, grid, lines in colours that also differ in print, a legend. */
import { type Canvas, type Colour, FAINT, GRID, INK, textHeight, textWidth } from "./canvas";

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
  readonly label: (tick: number) => string;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly Curve[];
}

/** Okabe & Ito's colours: told apart with any kind of colour vision. */
export const COLOURS: readonly Colour[] = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
  [204, 121, 167],
  [230, 159, 0],
  [86, 180, 233],
];

/** Pixels around the axes for titles and numbers. */
const MARGIN = { left: 62, right: 14, top: 34, bottom: 30 };

/** Draws into the rectangle at (left, top). Points beyond the axes are held at their edge. */
export function drawPlot(canvas: Canvas, plot: Plot, left: number, top: number, width: number, height: number): void {
  const { x, y } = plot;
  const [x0, x1] = [left + MARGIN.left, left + width - MARGIN.right];
  const [y0, y1] = [top + height - MARGIN.bottom, top + MARGIN.top];
  const at = (axis: Axis, from: number, to: number, value: number) =>
    from + ((Math.min(Math.max(value, axis.min), axis.max) - axis.min) / (axis.max - axis.min)) * (to - from);

  canvas.text(plot.title, x0, top, INK);
  for (const tick of x.ticks) {
    const u = Math.round(at(x, x0, x1, tick));
    const label = x.label(tick);
    canvas.fill(u, y1, 1, y0 - y1, GRID);
    canvas.text(label, Math.min(u - Math.round(textWidth(label) / 2), left + width - textWidth(label)), y0 + 8, FAINT);
  }
  for (const tick of y.ticks) {
    const v = Math.round(at(y, y0, y1, tick));
    const label = y.label(tick);
    canvas.fill(x0, v, x1 - x0, 1, GRID);
    canvas.text(label, x0 - 8 - textWidth(label), v - Math.round(textHeight() / 2), FAINT);
  }
  canvas.fill(x0, y0, x1 - x0, 1, FAINT);
  canvas.fill(x0, y1, 1, y0 - y1, FAINT);
  plot.curves.forEach(({ points }, i) => {
    for (let k = 1; k < points.length; k++) {
      const [from, to] = [points[k - 1]!, points[k]!];
      const ends = [
        at(x, x0, x1, from[0]),
        at(y, y0, y1, from[1]),
        at(x, x0, x1, to[0]),
        at(y, y0, y1, to[1]),
      ] as const;
      canvas.line(...ends, COLOURS[i % COLOURS.length]!);
    }
  });
}

/** The names of curves beside their colours, in one line; returns its width. */
export function drawLegend(canvas: Canvas, names: readonly string[], left: number, top: number): number {
  let x = left;
  names.forEach((name, i) => {
    canvas.fill(x, top + textHeight() / 2 - 2, 26, 4, COLOURS[i % COLOURS.length]!);
    canvas.text(name, x + 34, top, INK);
    x += 34 + textWidth(name) + 34;
  });
  return x - left;
}
