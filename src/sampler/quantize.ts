/** A model's folder with its weights in another precision: smaller downloads, made once. */
import { exists } from "../checkpoint/byte_source";
import type { Checkpoint } from "../checkpoint/checkpoint";
import { openFolder } from "../checkpoint/folder";
import { placeOf } from "../checkpoint/place";
import { SCALE_SUFFIX } from "../checkpoint/quantized";
import { encodeSafetensors, float32Tensor, type TensorToWrite } from "../checkpoint/safetensors_writer";
import { matchCheckpoint } from "../models/match_checkpoint";
import { termsOf } from "../models/parameters";
import { parseUNet2DConfig } from "../models/unet_2d_config";
import type { Packing } from "../recording/recording";
import { check, InputError } from "../tensor/check";
import { encodeHalf, halfToFloat } from "../tensor/half";
import { decodeInt8, encodeInt8 } from "../tensor/int8";
import { sizeOf } from "../tensor/shape";
import { recordForward } from "./network";
import { WEIGHT_DTYPES, type WeightDType } from "./precision";

/** What became of one tensor. */
export interface QuantizedTensor {
  readonly name: string;
  readonly dtype: WeightDType;
  /** Largest |written - read|. */
  readonly maxError: number;
  /** The same, divided by the tensor's largest magnitude. */
  readonly relativeError: number;
}

export interface QuantizedFolder {
  /** Every file of the new folder, by its path below it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes of all tensors, before and now. */
  readonly bytes: { readonly before: number; readonly after: number };
  readonly tensors: readonly QuantizedTensor[];
}

/** Where a folder's configurations may lie; what is there is copied as it is. */
const CONFIGURATIONS = [
  "model_index.json",
  "config.json",
  "unet/config.json",
  "scheduler_config.json",
  "scheduler/scheduler_config.json",
  "labels.json",
];

const DEFAULT_SIZE = 32;

/**
 * Reads the folder at `location` and writes its weights as `dtype`. With "int8" the matrices of convolutions and linear
 * layers become integers with a scale for each output channel; biases, norms and tables are f16. A tensor that f16 cannot
 * hold stays f32. @throws as `load` does for a folder that is not a model.
 */
export async function quantizeFolder(location: string, dtype: WeightDType): Promise<QuantizedFolder> {
  check(
    WEIGHT_DTYPES.includes(dtype),
    () => `dtype: must be one of ${WEIGHT_DTYPES.join(", ")}, got ${dtype}`,
    InputError,
  );
  const { name, unetConfig, unetConfigFile, checkpoint } = await openFolder(location);
  const config = parseUNet2DConfig(unetConfig, unetConfigFile);
  const [height, width] = config.sampleSize ?? [DEFAULT_SIZE, DEFAULT_SIZE];
  const { recording, ends } = recordForward(name, config, 1, height, width);
  const fileNames = matchCheckpoint(ends.parameters, checkpoint);
  const matrices = recording.weights
    .filter(({ packing }) => packing.kind === "conv" || packing.kind === "linear")
    .flatMap(({ packing }) => termNames(packing))
    .map((term) => fileNames.get(term)!);
  const written = await writeTensors(checkpoint, dtype, new Set(matrices));

  const place = await placeOf(location);
  const files = new Map<string, Uint8Array>();
  for (const path of CONFIGURATIONS) {
    const source = place.file(path);
    if (await exists(source)) files.set(path, await source.read(0, await source.size()));
  }
  const prefix = unetConfigFile === place.file("unet/config.json").name ? "unet/" : "";
  const metadata = new Map([["format", "pt"]]);
  files.set(`${prefix}diffusion_pytorch_model.safetensors`, encodeSafetensors(written.tensors, metadata));
  const after = [...written.tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { files, bytes: { before: bytesOf(checkpoint), after }, tensors: written.report };
}

/** The tensors of a matrix, those of the rows that follow included. */
function termNames({ parts, rest }: Packing): string[] {
  return [...parts.flatMap(termsOf).map((term) => term.name), ...(rest ? termNames(rest) : [])];
}

async function writeTensors(checkpoint: Checkpoint, dtype: WeightDType, matrices: ReadonlySet<string>) {
  const tensors = new Map<string, TensorToWrite>();
  const report: QuantizedTensor[] = [];
  for (const [name, { shape }] of checkpoint.tensors) {
    const values = await checkpoint.read(name);
    const add = (made: WeightDType, decoded: ArrayLike<number>) =>
      report.push({ name, dtype: made, ...errorsOf(values, decoded) });
    if (dtype === "int8" && matrices.has(name)) {
      const inner = sizeOf(shape) / shape[0]!;
      const { q, scales } = encodeInt8(values, shape[0]!, inner);
      tensors.set(name, { dtype: "I8", shape, bytes: new Uint8Array(q.buffer) });
      tensors.set(name + SCALE_SUFFIX, float32Tensor(scales, [scales.length]));
      add("int8", decodeInt8(q, scales, inner));
      continue;
    }
    const halves = encodeHalf(values);
    const decoded = Float32Array.from(halves, halfToFloat);
    if (dtype === "f32" || !decoded.every(Number.isFinite)) {
      tensors.set(name, float32Tensor(values, shape));
      add("f32", values);
      continue;
    }
    tensors.set(name, { dtype: "F16", shape, bytes: new Uint8Array(halves.buffer) });
    add("f16", decoded);
  }
  return { tensors, report };
}

function errorsOf(values: ArrayLike<number>, decoded: ArrayLike<number>) {
  let maxError = 0;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    maxError = Math.max(maxError, Math.abs(decoded[i]! - values[i]!));
    largest = Math.max(largest, Math.abs(values[i]!));
  }
  return { maxError, relativeError: largest === 0 ? 0 : maxError / largest };
}

/** Bytes of all tensors, scales included. */
function bytesOf({ tensors }: Checkpoint): number {
  return [...tensors.values()].reduce((sum, { byteLength, scale }) => sum + byteLength + (scale?.byteLength ?? 0), 0);
}
