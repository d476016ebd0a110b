/**
 * The weights of a 3 x 3 convolution as Winograd's algorithm wants them: U = G g G^T for every pair of channels, in f64. The
 * points are those of shaders/lib/winograd2.wgsl and winograd4.wgsl.
 */
import { check } from "../tensor/check";

/** Rows of G: each point's powers over the product of its distances to the other points; the last one is infinity's. */
function pointsOf(points: readonly number[]): (readonly [number, number, number])[] {
  const rows = points.map((point) => {
    const distances = points
      .filter((other) => other !== point)
      .reduce((product, other) => product * (point - other), 1);
    return [1 / distances, point / distances, point ** 2 / distances] as const;
  });
  return [...rows, [0, 0, 1]];
}

/** lib/winograd2.wgsl has B^T free of factors, with the sign of the point 0 turned. */
const G2 = pointsOf([0, 1, -1]).map(([a, b, c], i) => (i === 0 ? ([-a, b, c] as const) : ([a, b, c] as const)));
const G = { 2: G2, 4: pointsOf([0, Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT2, -Math.SQRT2]) } as const;

/** (9, C * N) packed taps to (16 or 36, C * N), for tiles of 2 x 2 or 4 x 4 output pixels. */
export function winogradWeights(packed: Float32Array, tile: 2 | 4): Float32Array<ArrayBuffer> {
  check(packed.length % 9 === 0, () => `winogradWeights: must be (9, C, N), got ${packed.length} numbers`);
  const points = G[tile];
  const side = points.length;
  const pairs = packed.length / 9;
  const transformed = new Float32Array(side * side * pairs);
  const rows = new Float64Array(side * 3); // G g
  for (let pair = 0; pair < pairs; pair++) {
    points.forEach(([g0, g1, g2], i) => {
      for (let j = 0; j < 3; j++) {
        const tap = (row: number) => packed[(row * 3 + j) * pairs + pair]!;
        rows[i * 3 + j] = g0 * tap(0) + g1 * tap(1) + g2 * tap(2);
      }
    });
    for (let i = 0; i < side; i++)
      for (let j = 0; j < side; j++) {
        const [g0, g1, g2] = points[j]!;
        transformed[(i * side + j) * pairs + pair] = rows[i * 3]! * g0 + rows[i * 3 + 1]! * g1 + rows[i * 3 + 2]! * g2;
      }
  }
  return transformed;
}
