/** Winograd's rungs of the convolution's ladder; host twin of conv/09_winograd_*.wgsl and conv/10_winograd_4x4_*.wgsl. */
import { linearWorkgroups } from "../../src/kernels/geometry";
import type { Shader } from "../../src/recording/shader";
import { check } from "../../src/tensor/check";
import { pad4 } from "../../src/tensor/shape";
import type { ConvSizes } from "./conv";
import input2 from "./conv/09_winograd_input.wgsl";
import output2 from "./conv/09_winograd_output.wgsl";
import productKernel from "./conv/09_winograd_product.wgsl";
import input4 from "./conv/10_winograd_4x4_input.wgsl";
import output4 from "./conv/10_winograd_4x4_output.wgsl";
import { LANES, type Rung } from "./rung";

/** G of F(2x2, 3x3) and of F(4x4, 3x3): Lavin & Gray 2015, section 4. */
const G = {
  2: [
    [1, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [0, 0, 1],
  ],
  4: [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
  ],
} as const;

/** Weights (9, C, N) to U = G w G^T: (positions, pad4(C), pad4(N)). Runs once, at load, in f64. */
export function winogradWeights(w: Float32Array, C: number, N: number, edge: 2 | 4): Float32Array<ArrayBuffer> {
  const g = G[edge];
  const size = edge + 2;
  const u = new Float32Array(size * size * pad4(C) * pad4(N));
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      for (let k = 0; k < C; k++)
        for (let n = 0; n < N; n++) {
          let sum = 0;
          for (let tap = 0; tap < 9; tap++) {
            sum += g[row]![Math.floor(tap / 3)]! * g[column]![tap % 3]! * w[(tap * C + k) * N + n]!;
          }
          u[((row * size + column) * pad4(C) + k) * pad4(N) + n] = sum;
        }
  return u;
}

/** `weights`: the operand that holds U. */
export function winogradRung(name: string, sizes: ConvSizes, edge: 2 | 4, weights: string, tolerance: number): Rung {
  const { height, width, channels: C, outputs: N } = sizes;
  const [input, output]: [Shader, Shader] = edge === 2 ? [input2, output2] : [input4, output4];
  const tiles = Math.ceil(height / edge) * Math.ceil(width / edge);
  const positions = (edge + 2) ** 2;
  const channels = pad4(C) / 4;
  const outputs = pad4(N) / 4;
  const params = { height, width, channels, outputs };
  return {
    name,
    lanes: LANES,
    tolerance,
    record: (recording, operand, { subgroupSize }) => {
      const { v } = recording.add("input", {
        shader: input,
        constants: { WORKGROUP_SIZE: 64 },
        params,
        reads: { x: operand("x") },
        writes: { v: { shape: [positions, tiles, C] } },
        workgroups: linearWorkgroups("winograd", tiles * channels, 64),
        flops: 0,
      });
      const lanes = subgroupSize!;
      const groups = Math.ceil((Math.ceil(tiles / 16) * Math.ceil(outputs / lanes) * lanes) / 64);
      check(groups < 65536, () => `winograd: too many tiles for one dispatch, got ${tiles}`);
      const { products } = recording.add("product", {
        shader: productKernel,
        constants: { WORKGROUP_SIZE: 64 },
        knobs: { LANES: lanes },
        params: { tiles, channels, outputs },
        reads: { v, u: operand(weights) },
        writes: { products: { shape: [positions, tiles, N] } },
        workgroups: [groups, 1, positions],
        flops: 2 * positions * tiles * C * N,
      });
      return recording.add("output", {
        shader: output,
        constants: { WORKGROUP_SIZE: 64 },
        params,
        reads: { products },
        writes: { y: { shape: [1, height, width, N] } },
        workgroups: linearWorkgroups("winograd", tiles * outputs, 64),
        flops: 0,
      }).y;
    },
  };
}
