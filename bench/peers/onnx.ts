/**
 * onnxruntime as a peer, in a page or in Node: the same calls for onnxruntime-web and onnxruntime-node.
 *
 * On WebGPU, inputs and output lie in GPU buffers of the session's own device, so that nothing is uploaded or read in a
 * step, and the wait is for the queue.
 */
import { readTensors, type SavedTensor } from "../../src/index";
import type { Case, Stepper } from "./stepper";

/** The part of onnxruntime's interface that is used here: the packages are installed on demand, so are their types. */
export interface Runtime {
  readonly env: {
    readonly versions: Readonly<Record<string, string | undefined>>;
    readonly wasm: { numThreads: number; wasmPaths?: string };
    readonly webgpu?: { readonly device: GPUDevice | Promise<GPUDevice> };
  };
  readonly InferenceSession: {
    create(model: Uint8Array | string, options: Record<string, unknown>): Promise<Session>;
  };
  readonly Tensor: {
    new (type: string, data: Float32Array | Int32Array, dims: readonly number[]): OnnxTensor;
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: string; dims: readonly number[] }): OnnxTensor;
  };
}

interface OnnxTensor {
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Record<string, OnnxTensor>, fetches?: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

export interface OnnxOptions {
  /** An execution provider's name, as the package spells it. */
  readonly provider: "webgpu" | "wasm" | "cpu";
  readonly threads: number;
  /** Inputs and output on the GPU; only onnxruntime-web can. */
  readonly onGpu: boolean;
}

export async function openOnnx(
  runtime: Runtime,
  { provider, threads, onGpu }: OnnxOptions,
  { inputs }: Case,
  model: Uint8Array | string,
): Promise<Stepper> {
  const tensors = await readTensors(inputs);
  runtime.env.wasm.numThreads = threads;
  const session = await runtime.InferenceSession.create(model, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    ...(onGpu && { preferredOutputLocation: "gpu-buffer" }),
  });
  const { versions } = runtime.env;
  const version = versions.web ?? versions.node ?? versions.common;
  const about = `onnxruntime ${version}, ${provider === "webgpu" ? "WebGPU" : `${provider}, ${threads} thread(s)`}`;
  const feedsFrom = (make: (type: string, data: Float32Array | Int32Array, dims: readonly number[]) => OnnxTensor) => {
    const feeds: Record<string, OnnxTensor> = {};
    for (const [name, { data, shape }] of tensors) {
      if (name === "class_labels") feeds[name] = make("int32", Int32Array.from(data), shape);
      else if (name !== "output") feeds[name] = make("float32", data, shape);
    }
    return feeds;
  };
  if (onGpu) return onTheGpu(runtime, session, about, feedsFrom, tensors.get("output")!);
  const feeds = feedsFrom((type, data, dims) => new runtime.Tensor(type, data, dims));
  const run = async () => (await session.run(feeds)).output!;
  return {
    about,
    step: async () => {
      await run();
    },
    output: async () => (await run()).data,
    close: () => session.release(),
  };
}

async function onTheGpu(
  runtime: Runtime,
  session: Session,
  about: string,
  feedsFrom: (
    make: (type: string, data: Float32Array | Int32Array, dims: readonly number[]) => OnnxTensor,
  ) => Record<string, OnnxTensor>,
  { shape, data }: SavedTensor,
): Promise<Stepper> {
  const device = await runtime.env.webgpu!.device;
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const bufferOf = (bytes: number) =>
    device.createBuffer({ size: Math.max(16, bytes), usage: STORAGE | COPY_SRC | COPY_DST });
  const feeds = feedsFrom((dataType, values, dims) => {
    const buffer = bufferOf(values.byteLength);
    device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
    return runtime.Tensor.fromGpuBuffer(buffer, { dataType, dims });
  });
  const result = bufferOf(data.byteLength);
  const fetches = { output: runtime.Tensor.fromGpuBuffer(result, { dataType: "float32", dims: shape }) };
  const step = async () => {
    await session.run(feeds, fetches);
    await device.queue.onSubmittedWorkDone();
  };
  return {
    about: `${about}, ${device.adapterInfo.description || device.adapterInfo.device || device.adapterInfo.architecture}`,
    step,
    output: async () => {
      // An answer of an earlier step must not pass for this one's.
      const clearing = device.createCommandEncoder();
      clearing.clearBuffer(result);
      device.queue.submit([clearing.finish()]);
      await step();
      const staging = device.createBuffer({ size: data.byteLength, usage: MAP_READ | COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(result, 0, staging, 0, data.byteLength);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const output = new Float32Array(staging.getMappedRange().slice(0));
      staging.destroy();
      return output;
    },
    close: () => session.release(),
  };
}
