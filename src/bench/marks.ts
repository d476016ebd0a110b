/**
 * A mark for each of many kinds: a colour and a shape, so that those who see no colours, and printers, tell them apart.
 *
 * Colours and shapes are counted separately, seven and six: forty-two kinds differ, and neighbours differ in both.
 */

/** Told apart by most eyes, on white and on black (Okabe and Ito 2008, without yellow and black, with a grey). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#808080"];

type Point = readonly [x: number, y: number];

/** Corners around 0, 0; of the area of a circle with radius 1. None for that circle itself. */
const SHAPES: readonly (readonly Point[])[] = [
  [],
  polygon(4, 45),
  polygon(3, -90),
  polygon(4, 0),
  plus(),
  polygon(3, 90),
];

function polygon(corners: number, degrees: number): Point[] {
  const turn = (2 * Math.PI) / corners;
  const radius = Math.sqrt(Math.PI / (0.5 * corners * Math.sin(turn)));
  return Array.from({ length: corners }, (_, i) => {
    const angle = (degrees * Math.PI) / 180 + i * turn;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** Five squares. */
function plus(): Point[] {
  const a = Math.sqrt(Math.PI / 5) / 2;
  const quarter: Point[] = [
    [a, a],
    [a, 3 * a],
    [-a, 3 * a],
  ];
  return [0, 1, 2, 3].flatMap((turns) => quarter.map((corner) => rotated(corner, turns)));
}

function rotated([x, y]: Point, quarters: number): Point {
  return quarters === 0 ? [x, y] : rotated([-y, x], quarters - 1);
}

/** The mark of kind `index` at a place, as SVG; `radius` is that of a circle of its area. `content` goes into it. */
export function mark(index: number, x: number, y: number, radius: number, content = ""): string {
  const corners = SHAPES[index % SHAPES.length]!;
  const style = `class="mark" fill="${COLOURS[index % COLOURS.length]}" fill-opacity="0.6" stroke="#111827" stroke-width="0.75"`;
  if (corners.length === 0) {
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(1)}" ${style}>${content}</circle>`;
  }
  const points = corners.map(([a, b]) => `${(x + radius * a).toFixed(1)},${(y + radius * b).toFixed(1)}`);
  return `<polygon points="${points.join(" ")}" ${style}>${content}</polygon>`;
}
