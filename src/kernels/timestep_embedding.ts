/** Host twins of shaders/timestep_embedding.wgsl and shaders/fourier_embedding.wgsl: how a network is told the time. */
import fourier from "../../shaders/fourier_embedding.wgsl?late";
import kernel from "../../shaders/timestep_embedding.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { pad4 } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

export interface TimestepEmbeddingOptions {
  /** D. */
  readonly channels: number;
  /** Cosines before sines. */
  readonly flipSinToCos: boolean;
  /** Subtracted from D / 2 where the exponents are spaced: 1 in the first DDPM code, 0 in most models since. */
  readonly freqShift: number;
  readonly scale?: number;
  readonly maxPeriod?: number;
}

const WORKGROUP_SIZE = 64;

/** diffusers' `get_timestep_embedding`: timesteps (rows) f32, fractional ones too, to (rows, D). */
export function timestepEmbedding(t: Tensor<readonly [rows: number]>, options: TimestepEmbeddingOptions) {
  const { channels: D, flipSinToCos, freqShift, scale = 1, maxPeriod = 10000 } = options;
  const [rows] = t.shape;
  const divisor = Math.floor(D / 2) - freqShift;
  check(
    D >= 2 && divisor > 0,
    () => `timestepEmbedding: D / 2 - freqShift must be above 0, got D = ${D}, freqShift = ${freqShift}`,
  );
  check(t.dtype === "f32", () => `timestepEmbedding: timesteps must be f32, got ${t.dtype}`);
  const count = (rows * pad4(D)) / 4;
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, FLIP: flipSinToCos },
    params: { rows, channels: D, rate: -Math.log(maxPeriod), divisor, scale },
    reads: { t },
    writes: { y: { shape: [rows, D] as const } },
    workgroups: linearWorkgroups("timestepEmbedding", count, WORKGROUP_SIZE),
    flops: rows * D * 30,
  } satisfies Dispatch;
}

/** diffusers' `GaussianFourierProjection` with log = true: noise levels (rows) f32, frequencies w (C), to (rows, 2C). */
export function fourierEmbedding(t: Tensor<readonly [rows: number]>, w: Tensor<readonly [C: number]>) {
  const [rows] = t.shape;
  const [C] = w.shape;
  check(t.dtype === "f32", () => `fourierEmbedding: timesteps must be f32, got ${t.dtype}`);
  const count = (rows * pad4(2 * C)) / 4;
  return {
    shader: fourier,
    constants: { WORKGROUP_SIZE },
    params: { rows, channels: C },
    reads: { t, w },
    writes: { y: { shape: [rows, 2 * C] as const } },
    workgroups: linearWorkgroups("fourierEmbedding", count, WORKGROUP_SIZE),
    flops: rows * C * 2 * 30,
  } satisfies Dispatch;
}
