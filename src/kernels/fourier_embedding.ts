/** Host twin of shaders/fourier_embedding.wgsl: how score models are told the noise level. */
import kernel from "../../shaders/fourier_embedding.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { pad4 } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

const WORKGROUP_SIZE = 64;

/** diffusers' `GaussianFourierProjection` with log = true: noise levels (rows) f32, frequencies w (C), to (rows, 2C). */
export function fourierEmbedding(t: Tensor<readonly [rows: number]>, w: Tensor<readonly [C: number]>) {
  const [rows] = t.shape;
  const [C] = w.shape;
  check(t.dtype === "f32", () => `fourierEmbedding: timesteps must be f32, got ${t.dtype}`);
  const count = (rows * pad4(2 * C)) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE },
    params: { rows, channels: C },
    reads: { t, w },
    writes: { y: { shape: [rows, 2 * C] as const } },
    workgroups: linearWorkgroups("fourierEmbedding", count, WORKGROUP_SIZE),
    flops: rows * C * 2 * 30,
  } satisfies Dispatch;
}
