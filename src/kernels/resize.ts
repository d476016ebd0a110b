/** Host twin of shaders/resize.wgsl. */
import kernel from "../../shaders/resize.wgsl";
import type { Dispatch } from "../recording/dispatch";
import type { Tensor } from "../recording/recording";
import { check } from "../tensor/check";
import { type BHWC, formatShape, pad4, sizeOf } from "../tensor/shape";
import { linearWorkgroups } from "./geometry";

/**
 * Which point of the source a pixel of the result shows, with ONNX's names. `asymmetric` scales the pixels' corners,
 * `half_pixel` their centres, `align_corners` the centres of the outermost pixels onto each other.
 */
export type Coordinates = "asymmetric" | "half_pixel" | "pytorch_half_pixel" | "align_corners";

/** How a coordinate becomes a pixel, with ONNX's names, numbered as in shaders/resize.wgsl. */
export const ROUNDINGS = { floor: 0, ceil: 1, round_prefer_floor: 2, round_prefer_ceil: 3 } as const;
export type Rounding = keyof typeof ROUNDINGS;

export interface ResizeOptions {
  /** Unless given, torch's: `asymmetric` for nearest, `half_pixel` for linear. */
  readonly coordinates?: Coordinates;
  /** For nearest; torch's `floor` unless given. */
  readonly rounding?: Rounding;
}

const WORKGROUP_SIZE = 64;
/** The kernel computes `(2 i + 1) * in` in 32 bits. */
const MAX_AXIS = 16384;

/** `x`, (B, H, W, C), at the size (H', W'). */
export function resize(
  x: Tensor<BHWC>,
  [outHeight, outWidth]: readonly [height: number, width: number],
  mode: "nearest" | "linear",
  { coordinates = mode === "nearest" ? "asymmetric" : "half_pixel", rounding = "floor" }: ResizeOptions = {},
) {
  const [B, H, W, C] = x.shape;
  const axes = [H, W, outHeight, outWidth];
  check(
    axes.every((axis) => Number.isInteger(axis) && axis > 0 && axis <= MAX_AXIS),
    () => `resize: sizes must be 1 to ${MAX_AXIS}, got ${H} x ${W} to ${outHeight} x ${outWidth}`,
  );
  const shape: BHWC = [B, outHeight, outWidth, C];
  const columns = pad4(C) / 4;
  const count = B * outHeight * outWidth * columns;
  check(count < 2 ** 31, () => `resize: the result must have fewer than 2^31 vec4s, got ${formatShape(shape)}`);
  const vertical = fraction(coordinates, H, outHeight);
  const horizontal = fraction(coordinates, W, outWidth);
  return {
    shader: kernel,
    constants: { WORKGROUP_SIZE, LINEAR: mode === "linear", ROUNDING: ROUNDINGS[rounding] },
    params: {
      count,
      columns,
      height: H,
      width: W,
      out_height: outHeight,
      out_width: outWidth,
      step_y: vertical.step,
      origin_y: vertical.origin,
      divisor_y: vertical.divisor,
      step_x: horizontal.step,
      origin_x: horizontal.origin,
      divisor_x: horizontal.divisor,
    },
    reads: { x },
    writes: { y: { shape } },
    workgroups: linearWorkgroups("resize", count, WORKGROUP_SIZE),
    flops: mode === "linear" ? 9 * sizeOf(shape) : 0,
  } satisfies Dispatch;
}

/** A source coordinate: (i * step + origin) / divisor for pixel i. */
interface Fraction {
  readonly step: number;
  readonly origin: number;
  readonly divisor: number;
}

function fraction(coordinates: Coordinates, size: number, out: number): Fraction {
  const start = { step: 0, origin: 0, divisor: 1 };
  switch (coordinates) {
    case "asymmetric":
      return { step: size, origin: 0, divisor: out };
    case "align_corners":
      return out === 1 ? start : { step: size - 1, origin: 0, divisor: out - 1 };
    case "pytorch_half_pixel":
      return out === 1 ? start : fraction("half_pixel", size, out);
    case "half_pixel":
      // (i + 1/2) size / out - 1/2
      return { step: 2 * size, origin: size - out, divisor: 2 * out };
  }
}
