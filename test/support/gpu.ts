/**
 * Runs a host twin's dispatch on the real adapter: uploads its inputs, launches it, reads its outputs back.
 *
 * The device has nothing but WebGPU's default limits and no optional feature, so every kernel test also shows that the
 * kernel needs no more. No adapter is a failed test, never a skipped one.
 */
import { afterAll } from "vitest";
import type { Chooser } from "../../src/kernels/choices";
import { chooseAlgorithms, type Target } from "../../src/kernels/variants";
import type { Dispatch } from "../../src/recording/dispatch";
import { Recording, type Tensor } from "../../src/recording/recording";
import { type Device, openDevice } from "../../src/runtime/device";
import { Pipelines } from "../../src/runtime/pipelines";
import { Program } from "../../src/runtime/program";
import { Weights } from "../../src/runtime/weights";
import { padRows, type Shape, unpadRows } from "../../src/tensor/shape";

export interface Input<S extends Shape = Shape> {
  readonly shape: S;
  /** Row-major, without padding; Uint32Array for u32 tensors. */
  readonly data: Float32Array | Uint32Array;
}

interface TestDevice {
  readonly device: Device;
  readonly pipelines: Pipelines;
}

const opened = new Map<string, Promise<TestDevice>>();

/** The device that all tests of a file share; `baseline: false` for one with the adapter's optional features. */
export function testDevice({ baseline = true } = {}): Promise<TestDevice> {
  const key = String(baseline);
  const device =
    opened.get(key) ?? openDevice({ baseline }).then((device) => ({ device, pipelines: new Pipelines(device) }));
  opened.set(key, device);
  return device;
}

afterAll(async () => {
  for (const device of opened.values()) (await device).device.destroy();
  opened.clear();
});

export interface RunOptions {
  /** WebGPU's defaults and the algorithms that run everywhere, unless false. */
  readonly baseline?: boolean;
  /** An adapter whose algorithms to run, in place of the real one's. */
  readonly target?: Target;
  /** Algorithms in place of the table's. */
  readonly choose?: Chooser;
}

/** Uploads `inputs` as states, lets `record` build the dispatches, runs them once, returns what `record` returned. */
export async function run<Inputs extends Record<string, Input>, Outputs extends Record<string, Tensor>>(
  inputs: Inputs,
  record: (tensors: { [K in keyof Inputs]: Tensor<Inputs[K]["shape"]> }, recording: Recording) => Outputs,
  options: RunOptions = {},
): Promise<{ [K in keyof Outputs]: Float32Array }> {
  const { device, pipelines } = await testDevice(options);
  const recording = new Recording("test");
  const entries = Object.entries(inputs).map(([name, { shape, data }]) => {
    return [name, recording.state(name, shape, data instanceof Uint32Array ? "u32" : "f32")] as const;
  });
  const outputs = record(Object.fromEntries(entries) as never, recording);
  if (options.target) chooseAlgorithms(recording, options.target, options.choose);
  else if (options.baseline === false) chooseAlgorithms(recording, device.adapter);
  const program = await Program.create(device, pipelines, new Weights(device), recording);
  try {
    for (const [name, tensor] of entries) {
      const { data, shape } = inputs[name]!;
      program.write(tensor, data instanceof Uint32Array ? new Uint32Array(data) : padRows(data, shape));
    }
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass, "step");
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    const results: Record<string, Float32Array> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      results[name] = unpadRows(await program.read(tensor), tensor.shape);
    }
    return results as never;
  } finally {
    program.destroy();
  }
}

/** `run` for a kernel with one dispatch and one output `y`. */
export async function runOne<Inputs extends Record<string, Input>>(
  inputs: Inputs,
  twin: (tensors: { [K in keyof Inputs]: Tensor<Inputs[K]["shape"]> }) => Dispatch,
  options: RunOptions = {},
): Promise<Float32Array> {
  const record = (tensors: Parameters<typeof twin>[0], recording: Recording) => {
    return { y: recording.add("kernel", twin(tensors)).y! as Tensor };
  };
  const { y } = await run(inputs, record, options);
  return y;
}
