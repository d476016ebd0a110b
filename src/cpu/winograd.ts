/**
 * shaders/winograd4_input.wgsl, winograd4_output.wgsl, winograd2_input.wgsl and winograd2_output.wgsl in TypeScript: the ends
 * of a 3 x 3 convolution with a fourth or four ninths of the products (Lavin & Gray 2016, F(4x4, 3x3) and F(2x2, 3x3)). The
 * products between them are conv2d_direct's.
 */
import { activationOf } from "./activation";
import type { WindowField } from "./convolution";
import { normalise } from "./group_norm";
import type { Launch } from "./launch";

/** Interpolation points 0, +-A, +-B and infinity, as in shaders/lib/winograd4.wgsl. */
const A = Math.SQRT1_2;
const B = Math.SQRT2;
const A2 = 0.5;
const B2 = 2;

/** A tile: its output pixels along a side, its input pixels, and both transforms along one axis, in place. */
interface Form {
  readonly tile: number;
  readonly side: number;
  readonly input: (d: Float64Array, at: number, step: number) => void;
  readonly output: (m: Float64Array, at: number, step: number) => void;
}

const FORM_2: Form = { tile: 2, side: 4, input: transformInput2, output: transformOutput2 };
const FORM_4: Form = { tile: 4, side: 6, input: transformInput4, output: transformOutput4 };

type Param =
  | WindowField
  | "pixels"
  | "first_channels"
  | "out_channels"
  | "bias_start"
  | "has_bias"
  | "table_start"
  | "table_columns"
  | "conditions"
  | "has_residual"
  | "scale"
  | "has_norm"
  | "source_column"
  | "source_columns"
  | "tiles";

type InputLaunch = Launch<"x" | "affine" | "v", Param, "ACTIVATION">;
type OutputLaunch = Launch<"m" | "vectors" | "table" | "position" | "residual" | "y", Param>;

export const winograd2Input = (launch: InputLaunch): void => transformTiles(FORM_2, launch);
export const winograd4Input = (launch: InputLaunch): void => transformTiles(FORM_4, launch);
export const winograd2Output = (launch: OutputLaunch): void => transformBack(FORM_2, launch);
export const winograd4Output = (launch: OutputLaunch): void => transformBack(FORM_4, launch);

/** v[e,t,c'] = (B^T d B)[e]     d: the pixels of channel c of f(x * scale + shift) under tile t, e: one of side^2 places */
function transformTiles(
  { tile, side, input: transform }: Form,
  { f32: { x, affine, v }, params, constants }: InputLaunch,
): void {
  const { in_height, in_width, upsample } = params;
  const C = 4 * params.first_channels;
  const perImage = in_height * in_width;
  const place = params.tiles * 4 * params.source_columns;
  const d = new Float64Array(side * side);
  const pixels = new Int32Array(side * side);
  const input = params.has_norm ? normalisedInput(x, affine, params, constants.ACTIVATION) : x;
  forEachTile(params, tile, (t, top, left, image) => {
    for (let i = 0; i < side * side; i++) {
      const row = top - 1 + Math.floor(i / side);
      const column = left - 1 + (i % side);
      const isInside = row >= 0 && row < in_height << upsample && column >= 0 && column < in_width << upsample;
      pixels[i] = isInside ? image * perImage + (row >> upsample) * in_width + (column >> upsample) : -1;
    }
    const start = 4 * (t * params.source_columns + params.source_column);
    for (let c = 0; c < C; c++) {
      for (let i = 0; i < side * side; i++) d[i] = pixels[i]! < 0 ? 0 : input[pixels[i]! * C + c]!;
      for (let column = 0; column < side; column++) transform(d, column, side);
      for (let row = 0; row < side; row++) transform(d, row * side, 1);
      for (let i = 0; i < side * side; i++) v[i * place + start + c] = d[i]!;
    }
  });
}

/** y[p,n] = (bias[n] + time[n] + residual[p,n] + (A^T m A)[p,n]) * scale      m: the products of p's tile, channel n */
function transformBack({ tile, side, output: transform }: Form, launch: OutputLaunch): void {
  const { m, vectors, table, residual, y } = launch.f32;
  const { position } = launch.u32;
  const { params } = launch;
  const { out_height, out_width } = params;
  const N = 4 * params.out_channels;
  const place = params.tiles * N;
  const products = new Float64Array(side * side);
  const added = new Float64Array(N);
  forEachTile(params, tile, (t, top, left, image) => {
    for (let n = 0; n < N; n++) added[n] = params.has_bias ? vectors[4 * params.bias_start + n]! : 0;
    if (params.conditions > 0) {
      const row = position[0]! * params.conditions + position[4 + image]!;
      const at = 4 * (row * params.table_columns + params.table_start);
      for (let n = 0; n < N; n++) added[n]! += table[at + n]!;
    }
    // A tile at the edge may reach beyond the picture.
    const rows = Math.min(tile, out_height - top);
    const columns = Math.min(tile, out_width - left);
    for (let n = 0; n < N; n++) {
      for (let i = 0; i < side * side; i++) products[i] = m[i * place + t * N + n]!;
      for (let column = 0; column < side; column++) transform(products, column, side);
      for (let row = 0; row < rows; row++) {
        transform(products, row * side, 1);
        for (let column = 0; column < columns; column++) {
          const at = ((image * out_height + top + row) * out_width + left + column) * N + n;
          const sum = added[n]! + products[row * side + column]! + (params.has_residual ? residual[at]! : 0);
          y[at] = sum * params.scale;
        }
      }
    }
  });
}

/** Calls `visit` with each tile's number, first output row and column, and image. */
function forEachTile(
  { out_height, out_width, pixels }: Readonly<Record<"out_height" | "out_width" | "pixels", number>>,
  size: number,
  visit: (tile: number, top: number, left: number, image: number) => void,
): void {
  const images = pixels / (out_height * out_width);
  let tile = 0;
  for (let image = 0; image < images; image++) {
    for (let top = 0; top < out_height; top += size) {
      for (let left = 0; left < out_width; left += size) visit(tile++, top, left, image);
    }
  }
}

/** f(x * scale + shift), once for each pixel: in tiles each would be normalised 2.25 times or four. */
function normalisedInput(
  x: Float32Array,
  affine: Float32Array,
  params: Readonly<Record<Param, number>>,
  activation: number,
): Float32Array {
  const C = 4 * params.first_channels;
  const count = params.in_height * params.in_width;
  const images = params.pixels / (params.out_height * params.out_width);
  const normalised = new Float32Array(images * count * C);
  for (let image = 0; image < images; image++) {
    const scales = affine.subarray(4 * (2 * image * params.source_columns + params.source_column));
    const shifts = scales.subarray(4 * params.source_columns);
    const part = { first: image * count, count };
    normalise(x, C, part, scales, shifts, activationOf(activation), normalised);
  }
  return normalised;
}

/** B^T d along one axis: six numbers, `step` apart, in place. */
function transformInput4(d: Float64Array, at: number, step: number): void {
  const d0 = d[at]!;
  const d1 = d[at + step]!;
  const d2 = d[at + 2 * step]!;
  const d3 = d[at + 3 * step]!;
  const d4 = d[at + 4 * step]!;
  const d5 = d[at + 5 * step]!;
  const evenA = d4 - B2 * d2;
  const oddA = A * (d3 - B2 * d1);
  const evenB = d4 - A2 * d2;
  const oddB = B * (d3 - A2 * d1);
  d[at] = d0 - (A2 + B2) * d2 + d4;
  d[at + step] = evenA + oddA;
  d[at + 2 * step] = evenA - oddA;
  d[at + 3 * step] = evenB + oddB;
  d[at + 4 * step] = evenB - oddB;
  d[at + 5 * step] = d1 - (A2 + B2) * d3 + d5;
}

/** A^T m along one axis: six numbers, `step` apart, become four in the first places. */
function transformOutput4(m: Float64Array, at: number, step: number): void {
  const m1 = m[at + step]!;
  const m2 = m[at + 2 * step]!;
  const m3 = m[at + 3 * step]!;
  const m4 = m[at + 4 * step]!;
  const evenA = m1 + m2;
  const oddA = A * (m1 - m2);
  const evenB = m3 + m4;
  const oddB = B * (m3 - m4);
  m[at] = m[at]! + evenA + evenB;
  m[at + step] = oddA + oddB;
  m[at + 2 * step] = A2 * evenA + B2 * evenB;
  m[at + 3 * step] = A2 * oddA + B2 * oddB + m[at + 5 * step]!;
}

/** B^T d along one axis: four numbers, `step` apart, in place. */
function transformInput2(d: Float64Array, at: number, step: number): void {
  const [d0, d1, d2, d3] = [d[at]!, d[at + step]!, d[at + 2 * step]!, d[at + 3 * step]!];
  d[at] = d0 - d2;
  d[at + step] = d1 + d2;
  d[at + 2 * step] = d2 - d1;
  d[at + 3 * step] = d1 - d3;
}

/** A^T m along one axis: four numbers, `step` apart, become two in the first places. */
function transformOutput2(m: Float64Array, at: number, step: number): void {
  const [m0, m1, m2, m3] = [m[at]!, m[at + step]!, m[at + 2 * step]!, m[at + 3 * step]!];
  m[at] = m0 + m1 + m2;
  m[at + step] = m1 - m2 - m3;
}
