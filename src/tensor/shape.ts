/**
 * Shapes and the one memory layout of the engine.
 *
 * An activation is (B, H, W, C), tokens are (B, L, D), a table is (rows, D), a vector is (C). The last axis is stored
 * padded to a multiple of four with zeros, so that every tensor is an array of vec4 and every kernel reads 16 bytes at a time.
 */
import { check } from "./check";

export type Shape = readonly number[];
/** Batch, height, width, channels. */
export type BHWC = readonly [B: number, H: number, W: number, C: number];

/** Number types of a tensor's elements on the GPU; `i8` comes with an f32 scale for each of the last axis. */
export type DType = "f32" | "u32" | "f16" | "i8";

/** The next multiple of four. */
export function pad4(size: number): number {
  return Math.ceil(size / 4) * 4;
}

/** Product of the axes: how many numbers a tensor means (padding not counted). */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

/** How many numbers a tensor occupies on the GPU: the last axis counts padded. */
export function paddedSizeOf(shape: Shape): number {
  const last = shape[shape.length - 1] ?? 1;
  return sizeOf(shape.slice(0, -1)) * pad4(last);
}

/** `(1, 32, 32, 4)`, as error messages write a shape. */
export function formatShape(shape: Shape): string {
  return `(${shape.join(", ")})`;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}

/** Throws a `ShapeError` unless every axis is a positive integer. */
export function checkShape(where: string, shape: Shape): void {
  check(
    shape.length > 0 && shape.every((axis) => Number.isSafeInteger(axis) && axis > 0),
    () => `${where}: every axis must be a positive integer, got ${formatShape(shape)}`,
  );
}

/** Copies `data`, (..., C) without padding, into the GPU's layout: rows of `pad4(C)` numbers, zeros at the end. */
export function padRows(data: Float32Array, shape: Shape): Float32Array<ArrayBuffer> {
  const C = shape[shape.length - 1] ?? 1;
  const stride = pad4(C);
  const rows = sizeOf(shape) / C;
  const padded = new Float32Array(rows * stride);
  for (let row = 0; row < rows; row++) padded.set(data.subarray(row * C, (row + 1) * C), row * stride);
  return padded;
}

/** The inverse of `padRows`: drops the padding of the last axis. */
export function unpadRows(padded: Float32Array, shape: Shape): Float32Array<ArrayBuffer> {
  const C = shape[shape.length - 1] ?? 1;
  const stride = pad4(C);
  const rows = sizeOf(shape) / C;
  const data = new Float32Array(rows * C);
  for (let row = 0; row < rows; row++) data.set(padded.subarray(row * stride, row * stride + C), row * C);
  return data;
}

/** (B, C, H, W) to (B, H, W, C), no padding on either side: diffusers' order to the engine's. */
export function nchwToNhwc(data: Float32Array, [B, H, W, C]: BHWC): Float32Array<ArrayBuffer> {
  const out = new Float32Array(data.length);
  const P = H * W;
  for (let b = 0; b < B; b++)
    for (let c = 0; c < C; c++) for (let p = 0; p < P; p++) out[(b * P + p) * C + c] = data[(b * C + c) * P + p]!;
  return out;
}

/** (B, H, W, C) to (B, C, H, W), no padding on either side: the engine's order to diffusers'. */
export function nhwcToNchw(data: Float32Array, [B, H, W, C]: BHWC): Float32Array<ArrayBuffer> {
  const out = new Float32Array(data.length);
  const P = H * W;
  for (let b = 0; b < B; b++)
    for (let c = 0; c < C; c++) for (let p = 0; p < P; p++) out[(b * C + c) * P + p] = data[(b * P + p) * C + c]!;
  return out;
}
