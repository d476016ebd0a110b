/**
 * A failure that crossed from the worker, as an error of its own class again, so that a page can tell kinds apart as it
 * does without a worker. The classes come with the engine: this file is fetched when something goes wrong.
 */
import {
  CheckpointError,
  DeviceError,
  InputError,
  NumericError,
  ShaderError,
  ShapeError,
  UnstaticError,
  UnsupportedError,
} from "../tensor/check";
import type { Failure } from "./messages";

const KINDS = [
  CheckpointError,
  DeviceError,
  InputError,
  NumericError,
  ShaderError,
  ShapeError,
  UnstaticError,
  UnsupportedError,
];

export function errorOf({ name, message, layer = "" }: Failure): Error {
  if (name === "AbortError") return new DOMException(message, name);
  const Kind = KINDS.find((kind) => new kind("", "").name === name) ?? Error;
  return Object.assign(new Kind(message, layer), { name });
}
