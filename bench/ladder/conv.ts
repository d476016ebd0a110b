/** The ladder of the 3 x 3 convolution; host twin of the kernels in conv/. */
import { linearWorkgroups } from "../../src/kernels/geometry";
import type { Dispatch } from "../../src/recording/dispatch";
import type { Shader } from "../../src/recording/shader";
import { check } from "../../src/tensor/check";
import { pad4, padRows } from "../../src/tensor/shape";
import naive from "./conv/01_naive.wgsl";
import vec4 from "./conv/02_vec4.wgsl";
import registerRow from "./conv/03_register_row.wgsl";
import registerTile from "./conv/04_register_tile.wgsl";
import workgroupTile from "./conv/05_workgroup_tile.wgsl";
import uniformWeights from "./conv/06_uniform_weights.wgsl";
import subgroupSharing from "./conv/07_subgroup_sharing.wgsl";
import subgroupTall from "./conv/08_subgroup_tall.wgsl";
import { LANES, type Ladder, noise, type Rung } from "./rung";
import { shippedRungs } from "./shipped";
import { winogradRung, winogradWeights } from "./winograd";

export interface ConvSizes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outputs: number;
}

/** Rounding of sums of some thousand products. */
const TOLERANCE = 2e-5;
/** F(4x4, 3x3) loses about ten times as much. */
const WINOGRAD_4X4_TOLERANCE = 2e-4;

export function convLadder(sizes: ConvSizes): Ladder {
  const { height: H, width: W, channels: C, outputs: N } = sizes;
  const x = noise(H * W * C, 1);
  const w = noise(9 * C * N, 2, 1 / Math.sqrt(9 * C));
  const outputs = pad4(N) / 4;
  const params = { height: H, width: W, channels: pad4(C) / 4, outputs };
  const flops = 2 * 9 * H * W * C * N;
  const linear = (invocations: number) => linearWorkgroups("conv", invocations, 64);
  const rung = (shader: Shader, workgroups: Dispatch["workgroups"]): Rung => ({
    name: `conv/${shader.name}`,
    tolerance: TOLERANCE,
    record: (recording, operand) => recording.add("conv", dispatch(shader, workgroups, operand("x"), operand("w"))).y,
  });
  /** `height` pixels and four channels a lane. */
  const subgroupRung = (shader: Shader, height: number): Rung => ({
    name: `conv/${shader.name}`,
    lanes: LANES,
    tolerance: TOLERANCE,
    record: (recording, operand, { subgroupSize }) => {
      const lanes = subgroupSize!;
      const workgroups = linear(Math.ceil((H * W) / height) * Math.ceil(outputs / lanes) * lanes);
      const launch = dispatch(shader, workgroups, operand("x"), operand("w"));
      return recording.add("conv", { ...launch, knobs: { LANES: lanes } }).y;
    },
  });
  const dispatch = (
    shader: Shader,
    workgroups: Dispatch["workgroups"],
    xTensor: Dispatch["reads"][string],
    wTensor: Dispatch["reads"][string],
  ) => ({
    shader,
    constants: { WORKGROUP_SIZE: 64 },
    params,
    reads: { x: xTensor, w: wTensor },
    writes: { y: { shape: [1, H, W, N] } },
    workgroups,
    flops,
  });
  const pairs = Math.ceil(outputs / 2);
  const columns = Math.ceil(N / 32);
  check(Math.max(pairs, columns) < 65536, () => `conv: too many output channels for one dispatch, got ${N}`);
  return {
    title: `3 x 3 convolution, ${H} x ${W} pixels, ${C} to ${N} channels`,
    flops,
    operands: {
      x: { shape: [1, H, W, C], numbers: () => padRows(x, [1, H, W, C]) },
      w: { shape: [9, pad4(C), pad4(N)], numbers: () => padTaps(w, C, N) },
      winograd: { shape: [16, pad4(C), pad4(N)], numbers: () => winogradWeights(w, C, N, 2) },
      winograd_4x4: { shape: [36, pad4(C), pad4(N)], numbers: () => winogradWeights(w, C, N, 4) },
      bias: { shape: [pad4(N)], numbers: () => new Float32Array(pad4(N)) },
    },
    shape: [1, H, W, N],
    expected: () => convolution(x, w, sizes),
    rungs: [
      rung(naive, linear(H * W * pad4(N))),
      rung(vec4, linear(H * W * outputs)),
      rung(registerRow, linear(Math.ceil((H * W) / 4) * outputs)),
      rung(registerTile, linear(Math.ceil((H * W) / 8) * outputs)),
      rung(workgroupTile, [Math.ceil((H * W) / 32), columns, 1]),
      rung(uniformWeights, [Math.ceil((H * W) / 128), pairs, 1]),
      subgroupRung(subgroupSharing, 8),
      subgroupRung(subgroupTall, 16),
      winogradRung("conv/09_winograd", sizes, 2, "winograd", TOLERANCE),
      winogradRung("conv/10_winograd_4x4", sizes, 4, "winograd_4x4", WINOGRAD_4X4_TOLERANCE),
      ...shippedRungs({ x: "x", w: "w", vectors: "bias", channels: N, kernel: [3, 3], tolerance: TOLERANCE }),
    ],
  };
}

/** (9, C, N) to (9, pad4(C), pad4(N)). */
function padTaps(w: Float32Array, C: number, N: number): Float32Array<ArrayBuffer> {
  const padded = new Float32Array(9 * pad4(C) * pad4(N));
  for (let tap = 0; tap < 9; tap++) {
    padded.set(padRows(w.subarray(tap * C * N, (tap + 1) * C * N), [C, N]), tap * pad4(C) * pad4(N));
  }
  return padded;
}

/** The definition, in f64. */
function convolution(x: Float32Array, w: Float32Array, { height: H, width: W, channels: C, outputs: N }: ConvSizes) {
  const y = new Float64Array(H * W * N);
  for (let row = 0; row < H; row++)
    for (let column = 0; column < W; column++)
      for (let tap = 0; tap < 9; tap++) {
        const from = row + Math.floor(tap / 3) - 1;
        const beside = column + (tap % 3) - 1;
        if (from < 0 || from >= H || beside < 0 || beside >= W) continue;
        for (let k = 0; k < C; k++) {
          const number = x[(from * W + beside) * C + k]!;
          const source = (tap * C + k) * N;
          const target = (row * W + column) * N;
          for (let n = 0; n < N; n++) y[target + n]! += number * w[source + n]!;
        }
      }
  return y;
}
