/**
 * The tensors that a model asks of its checkpoint: declared while the forward pass is recorded, each with the shape that
 * the file must have, and handed to kernels in the shape that packing gives them.
 */
import { packedShape } from "../kernels/packing";
import type { Packing, Recording, Weight } from "../recording/recording";
import { pad4, type Shape } from "../tensor/shape";

/** Joins names whose tensors are added, element by element, when they are loaded: two biases that are one. */
export const PLUS = " + ";

type Matrix = Weight<readonly [taps: number, inputs: number, outputs: number]>;
type Vector = Weight<readonly [N: number]>;

/** One linear layer among several that share an input. */
export interface LinearPart {
  /** The layer's path: it has `path.weight` and `path.bias`. */
  readonly path: string;
  readonly outputs: number;
  /** Pads every `block` outputs to a multiple of four instead of all at once, so that each head begins at a vec4. */
  readonly block?: number;
  /** A vector of the same length that is added to the bias. */
  readonly alsoBias?: string;
}

/** The group norm of a layer's input, (C) each: `path.weight` scales, `path.bias` shifts. */
export interface NormPart {
  readonly path: string;
  /** The channels of each source, C together. */
  readonly sources: readonly number[];
}

/** A 1x1 convolution whose result is added to another's. */
export interface ShortcutPart {
  readonly path: string;
  readonly sources: readonly number[];
}

/** Rows `first` to `end` of a tensor, as a packing's part names them: `path.to_q.weight[8:16]`. */
function rowsOf(name: string, first: number, end: number): string {
  return `${name}[${first}:${end}]`;
}

/** The tensors that a packing's part names, with the rows that it takes of each; null means all. */
export function termsOf(part: string): { name: string; rows: readonly [first: number, end: number] | null }[] {
  return part.split(PLUS).map((term) => {
    const [, name, first, end] = /^(.*?)(?:\[(\d+):(\d+)\])?$/.exec(term)!;
    return { name: name!, rows: first === undefined ? null : [Number(first), Number(end)] };
  });
}

/** The names under which the sum of `names`, `outputs` rows each, is packed, and how many rows each has. */
function blocksOf(names: readonly string[], { outputs, block = outputs }: LinearPart) {
  if (block % 4 === 0 || block === outputs) return [{ name: names.join(PLUS), outputs }];
  return Array.from({ length: outputs / block }, (_, i) => {
    const rows = names.map((name) => rowsOf(name, i * block, (i + 1) * block));
    return { name: rows.join(PLUS), outputs: block };
  });
}

export class Parameters {
  /** The shape that each tensor must have in the checkpoint, by its name there. */
  readonly shapes = new Map<string, Shape>();
  readonly #recording: Recording;

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /**
   * `path.weight`, (N, C, k, k); `sources` are the channels of a concatenated input, one by one. The matrix of a 1x1
   * `shortcut` follows, for a convolution that adds it up in one go.
   */
  conv(path: string, sources: readonly number[], N: number, k: number, shortcut?: ShortcutPart): Matrix {
    const rest = shortcut && this.#convPacking(shortcut.path, shortcut.sources, N, 1);
    const packing = { ...this.#convPacking(path, sources, N, k), ...(rest && { rest }) };
    const [taps, inputs, outputs] = packedShape("conv", k * k, sources, [N]);
    const more = shortcut ? packedShape("conv", 1, shortcut.sources, [N])[1] : 0;
    const shape = more > 0 ? ([1, taps * inputs + more, outputs] as const) : ([taps, inputs, outputs] as const);
    return this.#recording.weight(`${path}.weight`, shape, packing);
  }

  /** Linear layers of one input, side by side: `path.weight`, (N, D) each. `sources` add up to D. */
  linear(label: string, sources: readonly number[], parts: readonly LinearPart[]): Matrix {
    const D = sources.reduce((sum, width) => sum + width, 0);
    const blocks = parts.flatMap((part) => {
      this.shapes.set(`${part.path}.weight`, [part.outputs, D]);
      return blocksOf([`${part.path}.weight`], part);
    });
    const outputs = blocks.map((block) => block.outputs);
    const shape = packedShape("linear", 1, sources, outputs);
    const packing = { kind: "linear", parts: blocks.map(({ name }) => name), sources } as const;
    return this.#recording.weight(`${label}.weight`, shape, packing);
  }

  /**
   * What a layer adds and multiplies, end to end: the scales and shifts of the norm of its input, where it has one, laid
   * out as the sources are, then the biases of `parts`, laid out as their outputs are.
   */
  vectors(label: string, parts: readonly LinearPart[], norm?: NormPart): Vector {
    const blocks = [...(norm ? this.#normBlocks(norm) : [])];
    for (const part of parts) {
      const names = [`${part.path}.bias`, ...(part.alsoBias ? [part.alsoBias] : [])];
      for (const name of names) this.shapes.set(name, [part.outputs]);
      blocks.push(...blocksOf(names, part));
    }
    const N = blocks.reduce((sum, { outputs }) => sum + pad4(outputs), 0);
    const packing = { kind: "vector", parts: blocks.map(({ name }) => name) } as const;
    return this.#recording.weight(`${label}.vectors`, [N] as const, packing);
  }

  /** A vector, (N): the bias of a convolution, the scale of a norm. */
  vector(name: string, N: number): Vector {
    this.shapes.set(name, [N]);
    return this.#recording.weight(name, [N] as const, { kind: "vector", parts: [name] });
  }

  #convPacking(path: string, sources: readonly number[], N: number, k: number): Packing {
    const name = `${path}.weight`;
    const C = sources.reduce((sum, channels) => sum + channels, 0);
    this.shapes.set(name, [N, C, k, k]);
    return { kind: "conv", parts: [name], sources };
  }

  #normBlocks({ path, sources }: NormPart) {
    const C = sources.reduce((sum, channels) => sum + channels, 0);
    return [`${path}.weight`, `${path}.bias`].flatMap((name) => {
      this.shapes.set(name, [C]);
      if (sources.length === 1) return [{ name, outputs: C }];
      let first = 0;
      return sources.map((channels) => {
        const rows = rowsOf(name, first, first + channels);
        first += channels;
        return { name: rows, outputs: channels };
      });
    });
  }

  /** A table of embeddings, (rows, D). */
  table(name: string, rows: number, D: number): Weight<readonly [rows: number, D: number]> {
    this.shapes.set(name, [rows, D]);
    return this.#recording.weight(name, [rows, D] as const, { kind: "table", parts: [name] });
  }
}
