/**
 * The weights of a 3 x 3 convolution as Winograd's F(4x4, 3x3) wants them: U = G g G^T for every pair of channels, in f64.
 * The points are those of shaders/lib/winograd4.wgsl.
 */
import { check } from "../tensor/check";

const A2 = 0.5;
const B2 = 2;
const A = Math.sqrt(A2);
const B = Math.sqrt(B2);
const OF_A = 2 * A2 * (A2 - B2);
const OF_B = 2 * B2 * (B2 - A2);

/** (6, 3): each point's powers over the product of its distances to the other points. */
const G = [
  [1 / (A2 * B2), 0, 0],
  [1 / OF_A, A / OF_A, A2 / OF_A],
  [1 / OF_A, -A / OF_A, A2 / OF_A],
  [1 / OF_B, B / OF_B, B2 / OF_B],
  [1 / OF_B, -B / OF_B, B2 / OF_B],
  [0, 0, 1],
] as const;

/** (9, C * N) packed taps to (36, C * N). */
export function winogradWeights(packed: Float32Array): Float32Array<ArrayBuffer> {
  check(packed.length % 9 === 0, () => `winogradWeights: must be (9, C, N), got ${packed.length} numbers`);
  const pairs = packed.length / 9;
  const transformed = new Float32Array(36 * pairs);
  const rows = new Float64Array(18); // G g: (6, 3)
  for (let pair = 0; pair < pairs; pair++) {
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 3; j++) {
        const g = (row: number) => G[i]![row]! * packed[(row * 3 + j) * pairs + pair]!;
        rows[i * 3 + j] = g(0) + g(1) + g(2);
      }
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 6; j++) {
        const [g0, g1, g2] = G[j]!;
        transformed[(i * 6 + j) * pairs + pair] = rows[i * 3]! * g0 + rows[i * 3 + 1]! * g1 + rows[i * 3 + 2]! * g2;
      }
  }
  return transformed;
}
