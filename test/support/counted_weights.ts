/**
 * Weights for a full-size model that no file has to hold: a hash of the tensor's name and the element's index, scaled so
 * that activations keep their size. test/fixtures/make_cifar10.py draws the same numbers.
 */
import type { Checkpoint, TensorEntry } from "../../src/checkpoint/checkpoint";
import { type Shape, sizeOf } from "../../src/tensor/shape";

/** FNV-1a over the name's characters (ASCII). */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}

/** Steele and Vigna's finaliser (splitmix32): every bit of the input reaches every bit of the output. */
function mix(word: number): number {
  let z = word;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** `count` numbers of 24 bits, uniform in [-1, 1), the same for the same name. */
export function countedUniform(name: string, count: number): Float32Array<ArrayBuffer> {
  const seed = hashName(name);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = (mix(seed + Math.imul(i, 0x9e3779b9)) >>> 8) * 2 ** -23 - 1;
  return values;
}

/** A weight by its name: matrices keep the variance of what they multiply, norms stay near 1, biases near 0. */
export function countedWeight(name: string, shape: Shape): Float32Array<ArrayBuffer> {
  const values = countedUniform(name, sizeOf(shape));
  const isNorm = shape.length === 1 && name.includes("norm") && name.endsWith("weight");
  const scale = Math.fround(shape.length === 1 ? 0.25 : Math.sqrt(3 / sizeOf(shape.slice(1))));
  for (let i = 0; i < values.length; i++) values[i] = Math.fround(values[i]! * scale) + (isNorm ? 1 : 0);
  return values;
}

/** A checkpoint of such weights. */
export function countedCheckpoint(shapes: ReadonlyMap<string, Shape>): Checkpoint {
  const tensors = new Map<string, TensorEntry>();
  const bytes = { name: "counted weights", size: async () => 0, read: async () => new Uint8Array() };
  for (const [name, shape] of shapes) {
    tensors.set(name, { dtype: "F32", shape, source: bytes, byteOffset: 0, byteLength: 0 });
  }
  return {
    name: "counted weights",
    tensors,
    metadata: new Map(),
    read: async (name) => countedWeight(name, shapes.get(name)!),
    readBytes: async () => new Uint8Array(),
  };
}
