/**
 * The errors of the engine, one class per kind, and the one way to raise them.
 *
 * A message reads `where: what must hold, got what`; where the reader can act, one more sentence says how.
 */

/** Everything that the engine throws on purpose. */
export class UnstaticError extends Error {
  override name = "UnstaticError";
}

/** Shapes or layouts that do not fit together: a mistake in a model or in a kernel's call. */
export class ShapeError extends UnstaticError {
  override name = "ShapeError";
}

/** A weights file, a configuration or a folder that is not what it claims to be. */
export class CheckpointError extends UnstaticError {
  override name = "CheckpointError";
}

/** WGSL that does not compile, or does not have the bindings that its host twin names. */
export class ShaderError extends UnstaticError {
  override name = "ShaderError";
}

/** A limit that the device lacks, a lost device. */
export class DeviceError extends UnstaticError {
  override name = "DeviceError";
}

/** No device can be had here at all: no WebGPU, or no adapter. */
export class UnsupportedError extends DeviceError {
  override name = "UnsupportedError";
}

/** An option that the user gave and that cannot be meant. */
export class InputError extends UnstaticError {
  override name = "InputError";
}

/** A NaN or an infinity where a picture should be: the weights, or an input, are beyond what the numbers can hold. */
export class NumericError extends UnstaticError {
  override name = "NumericError";
  /** The first layer whose result is not finite, by its path in the model. */
  readonly layer: string;

  constructor(message: string, layer: string) {
    super(message);
    this.layer = layer;
  }
}

/** Throws `ErrorClass` unless `condition` holds. The message is a function: building it costs nothing while all is well. */
export function check(
  condition: unknown,
  message: () => string,
  ErrorClass: new (message: string) => UnstaticError = ShapeError,
): asserts condition {
  if (!condition) throw new ErrorClass(message());
}
