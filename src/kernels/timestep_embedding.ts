/** Host twin of shaders/timestep_embedding.wgsl: how a network is told the time. */
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
