/**
 * Is the result right? A forward pass against tensors that PyTorch computed: nothing is timed before it agrees.
 *
 * The tensors lie beside the weights in `reference.safetensors` (bench/make_reference.py writes it). The images are
 * repeated up to the batch that will be timed, since the choice of a kernel may depend on the shape.
 */
import { exists } from "../checkpoint/byte_source";
import type { Checkpoint } from "../checkpoint/checkpoint";
import { fileSource } from "../checkpoint/file_source";
import { placeOf } from "../checkpoint/place";
import { openSafetensors } from "../checkpoint/safetensors";
import { urlSource } from "../checkpoint/url_source";
import type { Precision } from "../recording/recording";
import type { ForwardInput } from "../sampler/forward";
import type { Model } from "../sampler/model";
import { check, InputError, UnstaticError } from "../tensor/check";
import { sizeOf } from "../tensor/shape";

/** The model's output is not the reference's: there is nothing worth timing. */
export class WrongResultError extends UnstaticError {
  override name = "WrongResultError";
}

export interface ResultCheck {
  /** The file compared with. */
  readonly reference: string;
  /** Images in the forward pass. */
  readonly batch: number;
  /** max |difference| / std(expected output). */
  readonly relativeError: number;
  readonly tolerance: number;
}

/** f32 on both sides, sums in another order: what `verify` allows, too. */
const TOLERANCE = 5e-5;
/** What fewer bits may cost: twenty layers that round to 2^-11 each, and weights that keep 8 bits of a channel's range. */
const COARSE = { activations: 2e-2, f16: 1e-2, int8: 0.2 } as const;

/** `own` are the weights' numbers in the file that the reference was made of. */
export function toleranceOf({ activations, weights }: Precision, own: Precision["weights"]): number {
  const narrowed = weights === own || weights === "f32" ? 0 : COARSE[weights];
  return Math.max(TOLERANCE, activations === "f16" ? COARSE.activations : 0, narrowed);
}
/** The reference's note on which weights it was made with. */
const WEIGHTS_NOTE = "weights_sha256";

/** Opens the reference of a model: the file asked for, else the one in its folder. @throws InputError where there is none. */
export async function openReference(location: string, file: string | undefined): Promise<Checkpoint> {
  const own = (await placeOf(location)).file("reference.safetensors");
  const source = file === undefined ? own : /^https?:/i.test(file) ? urlSource(file) : fileSource(file);
  check(
    await exists(source),
    () =>
      `${source.name}: a benchmark needs a reference output to check its result with, got no such file. ` +
      `Make it with: python bench/make_reference.py ${location}`,
    InputError,
  );
  return openSafetensors(source);
}

/**
 * @param batch images that the network will be timed with
 * @throws WrongResultError where the output departs from the reference, InputError for a reference of other weights.
 */
export async function checkResult(
  model: Pick<Model, "forward">,
  reference: Checkpoint,
  batch: number,
  weightsSha256: string,
  tolerance = TOLERANCE,
): Promise<ResultCheck> {
  const noted = reference.metadata.get(WEIGHTS_NOTE);
  check(
    noted === undefined || noted === weightsSha256,
    () =>
      `${reference.name}: was made with other weights (${noted?.slice(0, 12)}…, the model's are ` +
      `${weightsSha256.slice(0, 12)}…). Make it anew with bench/make_reference.py`,
    InputError,
  );
  const { output } = await model.forward(await inputOf(reference, batch));
  const expected = repeated(await reference.read("output"), shapeOf(reference, "output"), batch);
  const relativeError = disagreement(output, expected);
  check(
    relativeError <= tolerance,
    () =>
      `${reference.name}: max |difference| / std(output) must be at most ${tolerance}, got ` +
      `${relativeError.toExponential(2)}. A wrong result is not timed`,
    WrongResultError,
  );
  return { reference: reference.name, batch, relativeError, tolerance };
}

/** The largest difference in units of the expected numbers' standard deviation; Infinity for a NaN. */
export function disagreement(actual: ArrayLike<number>, expected: Float32Array): number {
  const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
  const variance = expected.reduce((sum, value) => sum + (value - mean) ** 2, 0) / expected.length;
  let worst = actual.length === expected.length ? 0 : Infinity;
  expected.forEach((value, i) => {
    const difference = Math.abs(actual[i]! - value);
    // Not a comparison with >: a NaN must end up as the worst.
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  });
  return worst / Math.sqrt(variance);
}

async function inputOf(reference: Checkpoint, batch: number): Promise<ForwardInput> {
  const shape = shapeOf(reference, "sample");
  const [, C, H, W] = shape as [number, number, number, number];
  const timestep = await reference.read("timestep");
  const input = {
    sample: repeated(await reference.read("sample"), shape, batch),
    shape: [batch, C, H, W] as const,
    timestep: timestep.length === 1 ? timestep : repeated(timestep, [timestep.length], batch),
  };
  if (!reference.tensors.has("class_labels")) return input;
  const labels = repeated(await reference.read("class_labels"), shapeOf(reference, "class_labels"), batch);
  return { ...input, classLabels: labels };
}

function shapeOf(reference: Checkpoint, name: string): readonly number[] {
  const entry = reference.tensors.get(name);
  check(
    entry,
    () => `${reference.name}: must have the tensor '${name}', got ${[...reference.tensors.keys()].join(", ")}`,
    InputError,
  );
  return entry.shape;
}

/** Images along the first axis, over and over, until there are `batch` of them. */
function repeated(data: Float32Array, shape: readonly number[], batch: number): Float32Array {
  const size = sizeOf(shape.slice(1));
  return Float32Array.from({ length: batch * size }, (_, i) => data[i % data.length]!);
}
