/**
 * How a checkpoint's numbers become a kernel's: PyTorch's order in, the engine's layout out. Runs once, at load.
 *
 * Every kind puts the output channels last and contiguous, so that neighbouring invocations read neighbouring words,
 * and pads input and output channels to multiples of four with zeros. Parts are joined along the output channels, each
 * padded by itself: queries, keys and values of one attention become one matrix.
 */
import type { Packing } from "../recording/recording";
import { check } from "../tensor/check";
import { formatShape, pad4, type Shape, sizeOf } from "../tensor/shape";

/** One tensor as the checkpoint stores it. */
export interface Part {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** The shape that a packed weight has: what `Recording.weight` is told. `outputs` has one entry per part. */
export function packedShape(
  kind: "conv" | "linear",
  taps: number,
  sources: readonly number[],
  outputs: readonly number[],
) {
  const inputs = sources.reduce((sum, channels) => sum + pad4(channels), 0);
  const padded = outputs.reduce((sum, channels) => sum + pad4(channels), 0);
  return [kind === "linear" ? 1 : taps, inputs, padded] as const;
}

/** Packs the parts of one weight. @throws ShapeError where a part's shape does not fit the packing. */
export function pack(packing: Packing, parts: readonly Part[]): Float32Array<ArrayBuffer> {
  switch (packing.kind) {
    case "conv":
    case "linear":
      return packMatrix(packing, parts);
    case "vector":
      return joined(parts.map(({ data }) => data));
    case "table":
      return packTable(parts);
  }
}

/** (O, I, kh, kw) or (O, I) parts to (taps, sum of padded sources, sum of padded outputs). */
function packMatrix({ parts: names, sources = [] }: Packing, parts: readonly Part[]): Float32Array<ArrayBuffer> {
  const taps = sizeOf(parts[0]!.shape.slice(2));
  const inputs = sources.reduce((sum, channels) => sum + channels, 0);
  const [, rows, columns] = packedShape(
    "conv",
    taps,
    sources,
    parts.map(({ shape }) => shape[0]!),
  );
  const packed = new Float32Array(taps * rows * columns);
  let column = 0;
  parts.forEach(({ shape, data }, part) => {
    const outputs = shape[0]!;
    check(
      shape[1] === inputs && sizeOf(shape.slice(2)) === taps,
      () => `${names[part]}: must be (N, ${inputs}) with ${taps} taps, got ${formatShape(shape)}`,
    );
    let row = 0;
    let channel = 0;
    for (const source of sources) {
      for (let k = 0; k < source; k++)
        for (let t = 0; t < taps; t++)
          for (let n = 0; n < outputs; n++) {
            packed[(t * rows + row + k) * columns + column + n] = data[(n * inputs + channel + k) * taps + t]!;
          }
      row += pad4(source);
      channel += source;
    }
    column += pad4(outputs);
  });
  return packed;
}

/** Vectors end to end, each padded to a multiple of four. */
function joined(vectors: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const packed = new Float32Array(vectors.reduce((sum, vector) => sum + pad4(vector.length), 0));
  let at = 0;
  for (const vector of vectors) {
    packed.set(vector, at);
    at += pad4(vector.length);
  }
  return packed;
}

/** (rows, D) with each row padded. */
function packTable([part]: readonly Part[]): Float32Array<ArrayBuffer> {
  const D = part!.shape.at(-1)!;
  const rows = Array.from({ length: part!.data.length / D }, (_, row) => part!.data.subarray(row * D, (row + 1) * D));
  return joined(rows);
}

/** Sums vectors that are added one after the other anyway: two biases become one. */
export function summed(vectors: readonly Part[]): Part {
  const [first, ...rest] = vectors;
  const data = Float32Array.from(first!.data);
  for (const { data: other } of rest) for (let i = 0; i < data.length; i++) data[i]! += other[i]!;
  return { shape: first!.shape, data };
}
