/** The ladder of the matrix product; host twin of the kernels in matmul/. */
import { linearWorkgroups } from "../../src/kernels/geometry";
import type { Dispatch } from "../../src/recording/dispatch";
import type { Shader } from "../../src/recording/shader";
import { check } from "../../src/tensor/check";
import { pad4, padRows } from "../../src/tensor/shape";
import naive from "./matmul/01_naive.wgsl";
import vec4 from "./matmul/02_vec4.wgsl";
import registerTile from "./matmul/03_register_tile.wgsl";
import workgroupTile from "./matmul/04_workgroup_tile.wgsl";
import splitSum from "./matmul/05_split_sum.wgsl";
import subgroupSharing from "./matmul/06_subgroup_sharing.wgsl";
import { LANES, type Ladder, noise, type Rung } from "./rung";
import { shippedRungs } from "./shipped";

export interface MatmulSizes {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

/** Rounding of sums of some hundred products. */
const TOLERANCE = 2e-5;

export function matmulLadder({ rows: M, depth: K, columns: N }: MatmulSizes): Ladder {
  const a = noise(M * K, 1);
  const b = noise(K * N, 2, 1 / Math.sqrt(K));
  const columns = pad4(N) / 4;
  const params = { rows: M, depth: pad4(K) / 4, columns };
  const flops = 2 * M * K * N;
  const rung = (shader: Shader, workgroups: Dispatch["workgroups"], size = 64, lanes?: readonly number[]): Rung => ({
    name: `matmul/${shader.name}`,
    tolerance: TOLERANCE,
    ...(lanes && { lanes }),
    record: (recording, operand, { subgroupSize }) =>
      recording.add("matmul", {
        shader,
        constants: { WORKGROUP_SIZE: size },
        ...(lanes && { knobs: { LANES: subgroupSize! } }),
        params,
        reads: { a: operand("a"), b: operand("b") },
        writes: { y: { shape: [M, N] } },
        workgroups: lanes ? blocks(subgroupSize!) : workgroups,
        flops,
      }).y,
  });
  const linear = (invocations: number) => linearWorkgroups("matmul", invocations, 64);
  const blocks = (lanes: number) => linear(Math.ceil(M / 16) * Math.ceil(columns / lanes) * lanes);
  const tiles = [Math.ceil(M / 32), Math.ceil(N / 32), 1] as const;
  check(tiles[1] < 65536, () => `matmul: too many columns for one dispatch, got ${N}`);
  return {
    title: `matrix product, ${M} x ${K} times ${K} x ${N}`,
    flops,
    operands: {
      a: { shape: [1, M, 1, K], numbers: () => padRows(a, [M, K]) },
      b: { shape: [1, pad4(K), pad4(N)], numbers: () => padMatrix(b, K, N) },
      bias: { shape: [pad4(N)], numbers: () => new Float32Array(pad4(N)) },
    },
    shape: [M, N],
    expected: () => product(a, b, M, K, N),
    rungs: [
      rung(naive, linear(M * pad4(N))),
      rung(vec4, linear(M * columns)),
      rung(registerTile, linear(Math.ceil(M / 8) * columns)),
      rung(workgroupTile, tiles),
      rung(splitSum, tiles, 256),
      rung(subgroupSharing, tiles, 64, LANES),
      ...shippedRungs({ x: "a", w: "b", vectors: "bias", channels: N, kernel: [1, 1], tolerance: TOLERANCE }),
    ],
  };
}

/** (K, N) to (pad4(K), pad4(N)). */
function padMatrix(b: Float32Array, K: number, N: number): Float32Array<ArrayBuffer> {
  const padded = new Float32Array(pad4(K) * pad4(N));
  padded.set(padRows(b, [K, N]));
  return padded;
}

function product(a: Float32Array, b: Float32Array, M: number, K: number, N: number): Float64Array {
  const y = new Float64Array(M * N);
  for (let m = 0; m < M; m++)
    for (let k = 0; k < K; k++) for (let n = 0; n < N; n++) y[m * N + n]! += a[m * K + k]! * b[k * N + n]!;
  return y;
}
