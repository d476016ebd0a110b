/**
 * WebGPU without a GPU: a device whose kernels are TypeScript, for pages that have no WebGPU.
 *
 * It has as much of WebGPU's interface as src/runtime uses, so that everything above it - memory plan, bind groups,
 * replay, slices, readback - is the engine's own and not written twice. What it cannot do is run WGSL: a pipeline is a
 * function out of kernels.ts, found by its shader's name. It must not know what a model or a sampler is.
 */
import weightsF16 from "../../shaders/lib/weights_f16.wgsl?layout";
import weightsF32 from "../../shaders/lib/weights_f32.wgsl?layout";
import weightsI8 from "../../shaders/lib/weights_i8.wgsl?layout";
import { check, ShaderError } from "../tensor/check";
import { CpuBuffer } from "./buffer";
import { CommandEncoder, type Pipeline } from "./commands";
import { type CanvasLike, drawPictures, type Pictures } from "./draw";
import { CPU_NAME } from "./name";
import { CommandQueue } from "./queue";
import { kernelOf } from "./run";

/** WebGPU's default limits, but for buffers: memory is the page's. Kernels are chosen as for any device of that size. */
const LIMITS = {
  maxBufferSize: 2 ** 30,
  maxStorageBufferBindingSize: 2 ** 30,
  maxUniformBufferBindingSize: 65536,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
  minUniformBufferOffsetAlignment: 256,
  minStorageBufferOffsetAlignment: 256,
};

const WEIGHTS = [weightsF32, weightsF16, weightsI8];

/** WebGPU's own numbers, which a page without it does not have. */
const CONSTANTS = {
  GPUBufferUsage: {
    MAP_READ: 1,
    MAP_WRITE: 2,
    COPY_SRC: 4,
    COPY_DST: 8,
    INDEX: 16,
    VERTEX: 32,
    UNIFORM: 64,
    STORAGE: 128,
    INDIRECT: 256,
    QUERY_RESOLVE: 512,
  },
  GPUMapMode: { READ: 1, WRITE: 2 },
  GPUShaderStage: { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 },
};

/** The CPU as a WebGPU implementation: `load(folder, { gpu: cpu() })`, `openDevice({ gpu: cpu() })`. */
export function cpu(): GPU {
  for (const [name, values] of Object.entries(CONSTANTS)) {
    if (!(name in globalThis)) Object.assign(globalThis, { [name]: values });
  }
  const adapter = {
    info: { vendor: "", architecture: "", device: "", description: CPU_NAME, isFallbackAdapter: true },
    features: new Set<string>(),
    limits: LIMITS,
    requestDevice: async () => new CpuDevice(),
  };
  return { requestAdapter: async () => adapter } as unknown as GPU;
}

class CpuDevice extends EventTarget {
  readonly features = new Set<string>();
  readonly limits = LIMITS;
  readonly adapterInfo = { description: CPU_NAME };
  readonly queue = new CommandQueue();
  readonly lost: Promise<{ reason: string; message: string }>;
  #lose = (_: { reason: string; message: string }) => {};
  readonly #buffers = new Set<CpuBuffer>();

  constructor() {
    super();
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  createBuffer({ label = "", size, mappedAtCreation = false }: GPUBufferDescriptor): CpuBuffer {
    const buffer = new CpuBuffer(label, size, this.queue, () => this.#buffers.delete(buffer));
    if (mappedAtCreation) buffer.map();
    this.#buffers.add(buffer);
    return buffer;
  }

  createShaderModule({ label = "", code }: GPUShaderModuleDescriptor) {
    return { label, code, getCompilationInfo: async () => ({ messages: [] }) };
  }

  createBindGroupLayout(descriptor: unknown): unknown {
    return descriptor;
  }

  createPipelineLayout(descriptor: unknown): unknown {
    return descriptor;
  }

  createBindGroup({ entries }: GPUBindGroupDescriptor): GPUBindGroupEntry[] {
    return [...entries];
  }

  async createComputePipelineAsync({ compute }: { compute: ComputeStage }): Promise<Pipeline> {
    const { module, constants = {} } = compute;
    const kernel = kernelOf(module.label);
    check(
      isTextOf(kernel.shader.code, module.code),
      () => `${module.label}: the CPU runs the kernel as it was built, another text needs WebGPU`,
      ShaderError,
    );
    return { kernel, name: module.label, constants };
  }

  createCommandEncoder(): CommandEncoder {
    return new CommandEncoder();
  }

  // What goes wrong here throws at once: there is no error that a scope would have to catch.
  pushErrorScope(): void {}

  async popErrorScope(): Promise<null> {
    return null;
  }

  /** Draws pictures by 2d: see runtime/canvas.ts. */
  drawPictures(canvas: CanvasLike, buffer: CpuBuffer, pictures: Pictures): void {
    drawPictures(canvas, new Float32Array(buffer.bytes), pictures);
  }

  destroy(): void {
    this.queue.stop();
    for (const buffer of this.#buffers) buffer.destroy();
    this.#lose({ reason: "destroyed", message: "the device was destroyed" });
  }
}

interface ComputeStage {
  readonly module: { readonly label: string; readonly code: string };
  readonly constants?: Readonly<Record<string, number>>;
}

/**
 * Whether `code` is `own` but for what a launch may exchange: named `const`s, and the format of the weights. Published
 * pages have no text here, and no means to edit one.
 */
function isTextOf(own: string, code: string): boolean {
  if (own === "") return true;
  const [a, b] = [own, code].map((text) => {
    const rest = WEIGHTS.reduce((shorter, { code: library }) => shorter.replace(library, ""), text);
    return rest.replace(/^const (\w+)[^=]*=.*$/gm, "$1");
  });
  return a === b;
}
