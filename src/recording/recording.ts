/**
 * A Recording is what a model's forward pass leaves behind: tensors, weights and dispatches, in order, as plain data.
 *
 * It can be printed, tested, planned and drawn without a GPU. It knows nothing of buffers, pipelines or devices; the
 * runtime reads it and does the rest. Dispatches stand in named sections ("prepare", "step", "finish"): a section is
 * replayed as often as needed, and a tensor used by more than one section keeps its memory between them.
 */
import { check } from "../tensor/check";
import { checkShape, type DType, pad4, paddedSizeOf, type Shape } from "../tensor/shape";
import type { Dispatch, WriteTarget } from "./dispatch";

/** A tensor's name and shape; its memory is the runtime's business. */
export interface Tensor<S extends Shape = Shape> {
  readonly id: number;
  readonly label: string;
  readonly shape: S;
  readonly dtype: DType;
  /** `activation`: made and used inside one section. `state`: lives as long as the program, may be uploaded. */
  readonly kind: "activation" | "state" | "weight";
  /** Numbers behind the tensor's own: what its producer notes about it for its consumers. */
  readonly tail: number;
}

/** How the numbers of a checkpoint become the numbers that a kernel reads (see kernels/packing.ts). */
export interface Packing {
  readonly kind: "conv" | "linear" | "vector" | "table";
  /** Checkpoint tensors joined along the output axis; models/parameters.ts says how a part names sums and rows. */
  readonly parts: readonly string[];
  /** For `conv` and `linear`: the channels of each source of a concatenated input, in order. */
  readonly sources?: readonly number[];
  /** Rows that follow, with the same outputs: the matrix of a shortcut that joins the sum. */
  readonly rest?: Packing;
  /** The 9 taps are transformed for Winograd's algorithm with tiles of so many output pixels a side: 16 or 36. */
  readonly winograd?: 2 | 4;
}

/** A tensor that comes out of the checkpoint. */
export interface Weight<S extends Shape = Shape> extends Tensor<S> {
  readonly kind: "weight";
  readonly packing: Packing;
}

/** A dispatch with its place in the model. */
export interface RecordedDispatch extends Omit<Dispatch, "writes"> {
  readonly label: string;
  readonly section: string;
  readonly writes: Readonly<Record<string, Tensor>>;
}

/** Bytes that a tensor occupies on the GPU, its tail included; at least one vec4. */
export function bytesOf(tensor: Tensor): number {
  const { shape, dtype, tail } = tensor;
  const numbers = paddedSizeOf(shape);
  if (dtype === "i8") return numbers + 4 * pad4(shape.at(-1)!);
  return Math.max(16, numbers * (dtype === "f16" ? 2 : 4) + tail * 4);
}

/** How the numbers of a recording lie in GPU memory. */
export interface Precision {
  /** Of matrices; biases, norms and tables are f32. */
  readonly weights: "f32" | "f16" | "int8";
  /** Of what a step's dispatches write as `y`; statistics, sums and the sampler's numbers are f32. */
  readonly activations: "f32" | "f16";
}

const ALL_F32: Precision = { weights: "f32", activations: "f32" };

/** The section that a loop replays: what runs once is f32, whatever the precision. */
const STEP = "step";

export class Recording {
  readonly tensors: Tensor[] = [];
  readonly weights: Weight[] = [];
  readonly dispatches: RecordedDispatch[] = [];
  readonly name: string;
  readonly precision: Precision;
  #section = STEP;
  #scope: string[] = [];

  constructor(name: string, precision = ALL_F32) {
    this.name = name;
    this.precision = precision;
  }

  /** The dispatches that follow belong to `section`. */
  section(name: string): void {
    this.#section = name;
  }

  /** Prefixes the labels of whatever `record` records with `name`, the checkpoint's own path. */
  scope<T>(name: string, record: () => T): T {
    this.#scope.push(name);
    try {
      return record();
    } finally {
      this.#scope.pop();
    }
  }

  /** A tensor that outlives the sections: inputs, counters, tables, the sample itself. */
  state<S extends Shape>(label: string, shape: S, dtype: DType = "f32", tail = 0): Tensor<S> {
    return this.#tensor(label, shape, dtype, "state", tail);
  }

  /** A tensor of the checkpoint. `shape` is the packed shape that the kernel expects. */
  weight<S extends Shape>(label: string, shape: S, packing: Packing, dtype = this.#dtypeOf(packing)): Weight<S> {
    const weight = { ...this.#tensor(label, shape, dtype, "weight"), packing } as Weight<S>;
    this.tensors[weight.id] = weight;
    this.weights.push(weight);
    return weight;
  }

  /** Appends a dispatch; returns the tensors that it writes, by binding name. */
  add<Writes extends Readonly<Record<string, WriteTarget>>>(
    label: string,
    dispatch: Dispatch<Writes>,
  ): { [K in keyof Writes]: Writes[K] extends WriteTarget<infer S> ? Tensor<S> : never } {
    const path = [...this.#scope, label].join(".");
    const writes: Record<string, Tensor> = {};
    for (const [binding, target] of Object.entries(dispatch.writes)) {
      if ("id" in target) {
        writes[binding] = target;
        continue;
      }
      const isExact = target.isExact || binding !== "y" || this.#section !== STEP;
      const dtype = isExact ? "f32" : this.precision.activations;
      writes[binding] = this.#tensor(`${path}/${binding}`, target.shape, dtype, "activation", target.tail);
    }
    for (const [binding, tensor] of Object.entries({ ...dispatch.reads, ...writes })) {
      check(this.tensors[tensor.id] === tensor, () => `${path}: '${binding}' must be a tensor of this recording`);
    }
    this.dispatches.push({ ...dispatch, writes, label: path, section: this.#section });
    return writes as never;
  }

  /**
   * Exchanges each dispatch for what `choose` gives: the same or another one, or null where it has added its own, one or
   * several, of which the last writes what the dispatch wrote.
   */
  exchange(choose: (dispatch: RecordedDispatch) => RecordedDispatch | null): void {
    for (const dispatch of this.dispatches.splice(0)) {
      this.#section = dispatch.section;
      const chosen = choose(dispatch);
      if (chosen) this.dispatches.push(chosen);
    }
  }

  #dtypeOf({ kind, rest, winograd }: Packing): DType {
    // Transformed taps are sums and differences of taps: they would be rounded twice.
    if (kind === "vector" || kind === "table" || winograd) return "f32";
    const { weights } = this.precision;
    // Two matrices in one have two scales for each output, of which integers would know one.
    return weights === "int8" ? (rest ? "f16" : "i8") : weights;
  }

  /** Forgets weights that no dispatch reads: another algorithm may want its weights in another form. */
  dropUnusedWeights(): void {
    const used = new Set(this.dispatches.flatMap(({ reads }) => Object.values(reads)));
    const kept = this.weights.filter((weight) => used.has(weight));
    this.weights.splice(0, this.weights.length, ...kept);
  }

  #tensor<S extends Shape>(label: string, shape: S, dtype: DType, kind: Tensor["kind"], tail = 0): Tensor<S> {
    checkShape(`${this.name}: ${label}`, shape);
    const tensor = { id: this.tensors.length, label, shape, dtype, kind, tail };
    this.tensors.push(tensor);
    return tensor;
  }
}
