/**
 * The operator vectors of the ONNX project (onnx/backend/test/data/node, Apache-2.0): inputs, attributes and outputs.
 *
 * The full set is read from beside the project where it is there; the project itself carries the small cases of the
 * operators that the engine has (test/fixtures/onnx, chosen by test/fixtures/make_onnx.py).
 */
import { existsSync, readFileSync } from "node:fs";
import { sizeOf } from "../../src/tensor/shape";

export interface OnnxTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes of `cases.bin`. */
  readonly offset: number;
  readonly length: number;
  /** Small integer tensors carry their numbers here as well. */
  readonly values?: readonly number[];
}

export interface OnnxCase {
  readonly name: string;
  readonly op: string;
  readonly opset: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  /** null is an optional input that is left out. */
  readonly inputs: readonly (OnnxTensor | null)[];
  readonly outputs: readonly (OnnxTensor | null)[];
}

export interface OnnxCases {
  readonly isFullSet: boolean;
  readonly cases: readonly OnnxCase[];
  /** The numbers of an f32 tensor. */
  read(tensor: OnnxTensor): Float32Array<ArrayBuffer>;
}

const FOLDERS = ["../shared/conformance/onnx-node", "test/fixtures/onnx"];

/** Reads the full set, or the project's own subset. */
export function readOnnxCases(): OnnxCases {
  const folder = FOLDERS.find((path) => existsSync(`${path}/cases.json`))!;
  const cases = JSON.parse(readFileSync(`${folder}/cases.json`, "utf8")) as OnnxCase[];
  const bytes = readFileSync(`${folder}/cases.bin`);
  return {
    isFullSet: folder === FOLDERS[0],
    cases,
    read({ name, dtype, shape, offset, length }) {
      if (dtype !== "f32" || length !== 4 * sizeOf(shape)) throw new Error(`${name}: must be f32, got ${dtype}`);
      return new Float32Array(
        bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + length) as ArrayBuffer,
      );
    },
  };
}
