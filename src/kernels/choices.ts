/**
 * A choice among the algorithms of one operation, as plain data, and the name of an operation's shape.
 *
 * Nobody needs one: without, variants.ts goes by a table. The tuner makes choices by measuring.
 */
import fingerprint from "../../shaders/conv2d.wgsl?fingerprint";
import type { Operation } from "../recording/dispatch";
import type { RecordedDispatch } from "../recording/recording";
import type { Attention } from "./attention";
import type { Convolution } from "./conv2d";

export interface Choice {
  /** Of a convolution: a name in the table of variants.ts. Of an attention: narrow, wide. */
  readonly algorithm: string;
  /** Invocations per workgroup; the algorithm's own unless given. */
  readonly workgroup?: number | undefined;
  /** The tile's: teams that share a sum. */
  readonly slices?: number | undefined;
}

/** One word for the text of all kernels: when one changes, old measurements are void. */
export const kernels: string = fingerprint;

/** Gives an operation's choice; undefined for the table's. */
export type Chooser = (operation: Operation, dispatch: RecordedDispatch) => Choice | undefined;

/** Everything that an operation's speed depends on, in one line. */
export function shapeKey(operation: Operation): string {
  if (operation.kind === "attention") return attentionKey(operation as Attention);
  const { images, window, sources, channels, w, x, second, norm, time, residual, scale, statistics } =
    operation as Convolution;
  const { in_height, in_width, out_height, out_width, kernel_height, kernel_width, ...rest } = window;
  const flags = { norm, time, residual, statistics, scaled: scale !== 1 };
  return [
    `conv2d ${images}x${in_height}x${in_width}x${[x, second].flatMap((t) => t?.shape.at(-1) ?? []).join("+")}`,
    `to ${out_height}x${out_width}x${channels}`,
    `window ${kernel_height}x${kernel_width} ${Object.values(rest).join(" ")}`,
    ...(sources[2] > 0 ? [`shortcut ${sources[2]}+${sources[3]}`] : []),
    ...Object.entries(flags).flatMap(([name, given]) => (given ? [name] : [])),
    x.dtype,
    w.dtype,
  ].join(", ");
}

function attentionKey({ q, images, queries, keys, heads, headDim }: Attention): string {
  return `attention ${images}x${queries}x${keys}, ${heads} heads of ${headDim}, ${q.tensor.dtype}`;
}
