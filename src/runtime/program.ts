/**
 * A Program is a recording made real: buffers planned and allocated, pipelines compiled, bind groups built, once.
 *
 * Encoding a section afterwards only sets pipelines and bind groups that exist, so the command stream of every step is
 * the same and nothing is allocated or uploaded inside the loop.
 */
import { bytesOf, type RecordedDispatch, type Recording, type Tensor, type Weight } from "../recording/recording";
import { check, DeviceError, ShaderError } from "../tensor/check";
import { decodeHalf } from "../tensor/half";
import { paddedSizeOf } from "../tensor/shape";
import { type Device, validated } from "./device";
import { planMemory } from "./memory_plan";
import type { Pipeline, Pipelines } from "./pipelines";
import type { Weights } from "./weights";

interface BoundDispatch {
  readonly recorded: RecordedDispatch;
  readonly pipeline: Pipeline;
  readonly bindGroup: GPUBindGroup;
}

/** Uniform blocks start at multiples of this (WebGPU's default minUniformBufferOffsetAlignment). */
const UNIFORM_ALIGNMENT = 256;

export class Program {
  readonly recording: Recording;
  readonly device: Device;
  readonly #buffers: readonly GPUBuffer[];
  readonly #bufferOf: (tensor: Tensor) => GPUBuffer;
  readonly #sections: ReadonlyMap<string, readonly BoundDispatch[]>;

  private constructor(
    device: Device,
    recording: Recording,
    buffers: readonly GPUBuffer[],
    bufferOf: (tensor: Tensor) => GPUBuffer,
    sections: ReadonlyMap<string, readonly BoundDispatch[]>,
  ) {
    this.device = device;
    this.recording = recording;
    this.#buffers = buffers;
    this.#bufferOf = bufferOf;
    this.#sections = sections;
  }

  /**
   * Plans, allocates, compiles and binds. `onCompiled(done, total)` reports pipelines as they finish. Where activations
   * do not share memory, all that a section computed stays readable after it.
   * @throws DeviceError where memory or limits do not suffice, ShaderError where a kernel does not compile or bind.
   */
  static async create(
    device: Device,
    pipelines: Pipelines,
    weights: Weights,
    recording: Recording,
    onCompiled: (done: number, total: number) => void = () => {},
    { sharesMemory = true }: { readonly sharesMemory?: boolean } = {},
  ): Promise<Program> {
    let done = 0;
    const compiled = await Promise.all(
      recording.dispatches.map(async (dispatch) => {
        const pipeline = await pipelines.get(dispatch);
        onCompiled(++done, recording.dispatches.length);
        return pipeline;
      }),
    );
    const { buffers, bufferOf } = await allocate(device, recording, sharesMemory);
    try {
      const uniforms = await makeUniforms(device, recording);
      if (uniforms.buffer) buffers.push(uniforms.buffer);
      const sections = await validated(device, recording.name, () => {
        const bound = new Map<string, BoundDispatch[]>();
        recording.dispatches.forEach((recorded, i) => {
          const pipeline = compiled[i]!;
          const entries = bindEntries(recorded, bufferOf, weights, uniforms.resourceOf(recorded));
          const bindGroup = device.gpu.createBindGroup({ label: recorded.label, layout: pipeline.layout, entries });
          bound.set(recorded.section, [...(bound.get(recorded.section) ?? []), { recorded, pipeline, bindGroup }]);
        });
        return bound;
      });
      return new Program(device, recording, buffers, bufferOf, sections);
    } catch (error) {
      for (const buffer of buffers) buffer.destroy();
      throw error;
    }
  }

  /** Bytes of GPU memory that activations, states and uniforms take; weights are counted by `Weights`. */
  get bytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  /** How many dispatches one replay of `section` makes. */
  dispatchCount(section: string): number {
    return this.#sections.get(section)?.length ?? 0;
  }

  /** Floating-point operations of dispatch number `index` of a section. */
  flops(section: string, index: number): number {
    return this.#sections.get(section)?.[index]?.recorded.flops ?? 0;
  }

  /** Replays a section into an open compute pass. */
  encode(pass: GPUComputePassEncoder, section: string): void {
    for (const { recorded, pipeline, bindGroup } of this.#sections.get(section) ?? []) {
      pass.setPipeline(pipeline.gpu);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...recorded.workgroups);
    }
  }

  /** Replays dispatch number `index` of a section. */
  encodeOne(pass: GPUComputePassEncoder, section: string, index: number): void {
    const bound = this.#sections.get(section)?.[index];
    check(bound, () => `${section}: no dispatch ${index}`);
    pass.setPipeline(bound.pipeline.gpu);
    pass.setBindGroup(0, bound.bindGroup);
    pass.dispatchWorkgroups(...bound.recorded.workgroups);
  }

  /** The buffer behind a tensor of this recording that is not a weight. */
  buffer(tensor: Tensor): GPUBuffer {
    return this.#bufferOf(tensor);
  }

  /** Uploads a state, in the padded layout, from byte `offset` on. Only between runs. */
  write(tensor: Tensor, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, offset = 0): void {
    check(
      offset + data.byteLength <= bytesOf(tensor),
      () => `${tensor.label}: holds ${bytesOf(tensor)} bytes, got ${offset + data.byteLength}`,
    );
    this.device.gpu.queue.writeBuffer(this.#bufferOf(tensor), offset, data);
  }

  /** Reads a tensor back, in the padded layout, as f32. */
  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const bytes = await this.device.read(this.#bufferOf(tensor), bytesOf(tensor));
    if (tensor.dtype !== "f16") return new Float32Array(bytes);
    const numbers = paddedSizeOf(tensor.shape);
    const all = new Float32Array(numbers + tensor.tail);
    all.set(decodeHalf(new Uint8Array(bytes, 0, 2 * numbers)));
    all.set(new Float32Array(bytes, 2 * numbers, tensor.tail), numbers);
    return all;
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

async function allocate(device: Device, recording: Recording, sharesMemory: boolean) {
  const { slots, slotOf } = planMemory(recording, sharesMemory);
  const limit = Math.min(device.gpu.limits.maxStorageBufferBindingSize, device.gpu.limits.maxBufferSize);
  for (const tensor of recording.tensors) {
    if (tensor.kind === "weight") continue;
    check(
      bytesOf(tensor) <= limit,
      () => `${tensor.label}: needs a storage binding of ${bytesOf(tensor)} bytes, the adapter allows ${limit}`,
      DeviceError,
    );
  }
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const buffers: GPUBuffer[] = [];
  await validated(device, `${recording.name}: memory`, () => {
    slots.forEach((size, slot) => {
      const users = recording.tensors.filter((tensor) => slotOf.get(tensor.id) === slot);
      const label = `${users[0]?.label ?? recording.name}${users.length > 1 ? ` and ${users.length - 1} more` : ""}`;
      const isUniform = users.some(
        (tensor) => tensor.kind === "state" && size <= device.gpu.limits.maxUniformBufferBindingSize,
      );
      const usage = STORAGE | COPY_SRC | COPY_DST | (isUniform ? UNIFORM : 0);
      buffers.push(device.gpu.createBuffer({ label, size, usage }));
    });
  });
  const bufferOf = (tensor: Tensor): GPUBuffer => {
    const slot = slotOf.get(tensor.id);
    check(slot !== undefined, () => `${tensor.label}: the tensor has no memory of its own`);
    return buffers[slot]!;
  };
  return { buffers, bufferOf };
}

/** One uniform buffer for the whole program; equal blocks are written once. */
async function makeUniforms(device: Device, recording: Recording) {
  const blocks = new Map<string, { offset: number; data: ArrayBuffer }>();
  const keyOf = new Map<RecordedDispatch, string>();
  let size = 0;
  for (const dispatch of recording.dispatches) {
    const data = encodeParams(dispatch);
    if (data.byteLength === 0) continue;
    const key = new Uint32Array(data).join();
    keyOf.set(dispatch, key);
    if (blocks.has(key)) continue;
    blocks.set(key, { offset: size, data });
    size += Math.ceil(data.byteLength / UNIFORM_ALIGNMENT) * UNIFORM_ALIGNMENT;
  }
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const buffer = size > 0 ? device.gpu.createBuffer({ label: `${recording.name}: params`, size, usage }) : undefined;
  if (buffer) for (const { offset, data } of blocks.values()) device.gpu.queue.writeBuffer(buffer, offset, data);
  const resourceOf = (dispatch: RecordedDispatch): GPUBufferBinding | undefined => {
    const block = blocks.get(keyOf.get(dispatch) ?? "");
    return buffer && block ? { buffer, offset: block.offset, size: block.data.byteLength } : undefined;
  };
  return { buffer, resourceOf };
}

/** A dispatch's `params` in the byte layout that reflection found. Every field must be given, and no other. */
export function encodeParams({
  shader,
  params = {},
  label,
}: Pick<RecordedDispatch, "shader" | "params" | "label">): ArrayBuffer {
  const data = new ArrayBuffer(shader.params.bytes);
  const view = new DataView(data);
  for (const [name, { offset, type }] of Object.entries(shader.params.fields)) {
    const value = params[name];
    check(value !== undefined, () => `${label}: Params field '${name}' of ${shader.name} must be given`, ShaderError);
    check(Number.isFinite(value), () => `${label}: Params field '${name}' must be finite, got ${value}`, ShaderError);
    if (type === "f32") view.setFloat32(offset, value, true);
    else if (type === "i32") view.setInt32(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  for (const name of Object.keys(params)) {
    check(name in shader.params.fields, () => `${label}: ${shader.name} has no Params field '${name}'`, ShaderError);
  }
  return data;
}

function bindEntries(
  dispatch: RecordedDispatch,
  bufferOf: (tensor: Tensor) => GPUBuffer,
  weights: Weights,
  params: GPUBufferBinding | undefined,
): GPUBindGroupEntry[] {
  const given: Record<string, Tensor> = { ...dispatch.reads, ...dispatch.writes };
  for (const name of Object.keys(given)) {
    check(name in dispatch.shader.bindings, () => `${dispatch.label}: no binding '${name}' in the kernel`, ShaderError);
  }
  return Object.entries(dispatch.shader.bindings).map(([name, { index }]) => {
    if (name === "params") {
      check(params, () => `${dispatch.label}: ${dispatch.shader.name} needs params`, ShaderError);
      return { binding: index, resource: params };
    }
    const tensor = given[name];
    check(tensor, () => `${dispatch.label}: binding '${name}' must be given`, ShaderError);
    const resource: GPUBufferBinding =
      tensor.kind === "weight" ? weights.slice(tensor as Weight) : { buffer: bufferOf(tensor), size: bytesOf(tensor) };
    return { binding: index, resource };
  });
}
