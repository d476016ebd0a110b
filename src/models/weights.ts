/**
 * From a checkpoint to the GPU: the file's tensors are compared with what the model asks for, all of them before any
 * number is read, then read, packed and handed on one by one.
 */
import { type Checkpoint, sourcesOf, type TensorEntry } from "../checkpoint/checkpoint";
import { type Part, pack, summed } from "../kernels/packing";
import type { Packing, Weight } from "../recording/recording";
import { isFloatDType } from "../tensor/dtype";
import { type Shape, sameShape, sizeOf } from "../tensor/shape";
import { termsOf } from "./parameters";

/** Whether the file has the tensors of `shapes`, and no others, under the model's own names. */
function isExact(shapes: ReadonlyMap<string, Shape>, tensors: Checkpoint["tensors"]): boolean {
  const fits = (entry: TensorEntry | undefined, shape: Shape) =>
    entry !== undefined && sameShape(entry.shape, shape) && isFloats(entry);
  return shapes.size === tensors.size && [...shapes].every(([name, shape]) => fits(tensors.get(name), shape));
}

export function isFloats({ dtype, scale }: TensorEntry): boolean {
  return isFloatDType(dtype) || scale !== undefined;
}

/**
 * Reads, packs and uploads `weights`, each as soon as the last of its bytes has arrived. `upload` takes each with its
 * packed numbers; `onProgress` hears of the bytes of their tensors.
 * @throws CheckpointError as `matchCheckpoint`, and where a tensor holds a NaN or an infinity.
 */
export async function loadWeights(
  weights: readonly Weight[],
  shapes: ReadonlyMap<string, Shape>,
  checkpoint: Checkpoint,
  upload: (weight: Weight, packed: Float32Array<ArrayBuffer>) => Promise<void> | void,
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<void> {
  // Other names for the same, or what is wrong.
  const fileNames = isExact(shapes, checkpoint.tensors)
    ? undefined
    : (await import("./match_checkpoint")).matchCheckpoint(shapes, checkpoint);
  const fileNameOf = (name: string) => fileNames?.get(name) ?? name;
  const entryOf = (name: string) => checkpoint.tensors.get(fileNameOf(name))!;
  const sources = sourcesOf(checkpoint);
  /** The files' order, and within a file that of the last bytes. */
  const arrivalOf = (weight: Weight) =>
    namesOf(weight.packing)
      .map(entryOf)
      .map(({ source, byteOffset, byteLength }) => [sources.indexOf(source), byteOffset + byteLength] as const)
      .reduce((last, end) => (compare(last, end) < 0 ? end : last));
  const inOrder = weights
    .map((weight) => ({ weight, arrival: arrivalOf(weight) }))
    .sort((a, b) => compare(a.arrival, b.arrival));

  const waiting = new Set(weights.flatMap(({ packing }) => namesOf(packing)));
  const bytesOf = (names: Iterable<string>) => [...names].reduce((sum, name) => sum + entryOf(name).byteLength, 0);
  const total = bytesOf(waiting);
  for (const { weight } of inOrder) {
    const read = new Map<string, Promise<Float32Array>>();
    const termOf = async ({ name, rows }: ReturnType<typeof termsOf>[number]): Promise<Part> => {
      const data = read.get(name) ?? checkpoint.read(fileNameOf(name));
      read.set(name, data);
      return rowsOf({ shape: shapes.get(name)!, data: await data }, rows);
    };
    await upload(weight, await packedOf(weight.packing, termOf));
    for (const name of namesOf(weight.packing)) waiting.delete(name);
    onProgress(total - bytesOf(waiting), total);
  }
}

type Arrival = readonly [file: number, end: number];

function compare(a: Arrival, b: Arrival): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** The tensors that a weight is made of, by the model's names. */
function namesOf({ parts, rest }: Packing): string[] {
  return [...parts.flatMap((part) => termsOf(part).map(({ name }) => name)), ...(rest ? namesOf(rest) : [])];
}

/** The numbers of a weight in the kernel's order, those of the packing that follows included. */
async function packedOf(
  packing: Packing,
  termOf: (term: ReturnType<typeof termsOf>[number]) => Promise<Part>,
): Promise<Float32Array<ArrayBuffer>> {
  const parts = await Promise.all(
    packing.parts.map(async (part) => {
      const terms = await Promise.all(termsOf(part).map(termOf));
      return terms.length === 1 ? terms[0]! : summed(terms);
    }),
  );
  const packed = pack(packing, parts);
  const own = packing.winograd ? (await import("../kernels/staged")).winogradWeights(packed, packing.winograd) : packed;
  if (!packing.rest) return own;
  const rest = await packedOf(packing.rest, termOf);
  const joined = new Float32Array(own.length + rest.length);
  joined.set(own);
  joined.set(rest, own.length);
  return joined;
}

/** Some rows of a tensor; null means all of them. */
function rowsOf({ shape, data }: Part, rows: readonly [first: number, end: number] | null): Part {
  if (rows === null) return { shape, data };
  const [first, end] = rows;
  const row = sizeOf(shape) / shape[0]!;
  return { shape: [end - first, ...shape.slice(1)], data: data.subarray(first * row, end * row) };
}
