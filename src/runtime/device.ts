/**
 * The device: the one room that knows GPUDevice begins here.
 *
 * Takes WebGPU from the page, or in Node from the package `webgpu` (Dawn). Asks for nothing that a default device lacks,
 * unless the adapter offers more and a kernel can use it. Remembers the first error that the GPU reports outside any
 * scope, so that the next wait throws it instead of returning wrong numbers.
 */
import { check, DeviceError, ShaderError, UnsupportedError } from "../tensor/check";

/** What ran: for people, receipts and the choice of kernels. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** `cpu` where the driver is a program (SwiftShader, lavapipe, WARP): kernels without barriers suit those. */
  readonly kind: "gpu" | "cpu";
  /** Lanes of a subgroup where kernels may use subgroups and the number never varies; else null. */
  readonly subgroupSize: number | null;
  readonly features: readonly string[];
}

export interface DeviceOptions {
  /** A WebGPU implementation to use in place of the page's or Dawn's. */
  readonly gpu?: GPU;
  /** Use WebGPU's default limits and no optional feature, whatever the adapter offers. */
  readonly baseline?: boolean;
}

/** Features that some kernel or measurement uses where an adapter offers them. None is required. */
const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16", "subgroups"];

/** Limits raised to what the adapter offers: larger batches fit; no kernel needs more than the defaults. */
const RAISED_LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

const NO_ADAPTER =
  "no WebGPU adapter. In a browser, use one with WebGPU switched on; in Node on Linux, install a Vulkan driver " +
  "(Mesa 25 or newer), or run the project's own commands, which bring SwiftShader along";

export class Device {
  readonly gpu: GPUDevice;
  readonly adapter: AdapterDescription;
  #error: Error | undefined;
  #isDestroyed = false;
  /** Who waits for the GPU. Not by `then` on `lost`: that promise lives as long as the device, and keeps who ever asked. */
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(gpu: GPUDevice, adapter: AdapterDescription) {
    this.gpu = gpu;
    this.adapter = adapter;
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#error ??= new DeviceError(`${adapter.description}: ${event.error.message}`);
    });
    gpu.lost.then(({ reason, message }) => {
      this.#error = this.#isDestroyed
        ? new DeviceError("the device was destroyed: load the model again to go on")
        : new DeviceError(`the device was lost (${reason}): ${message || "the driver gave no reason"}`);
      for (const reject of this.#waiting) reject(this.#error);
    });
  }

  /** Whether the device can still run: not destroyed, not lost, no error reported. */
  get isAlive(): boolean {
    return this.#error === undefined;
  }

  /** Throws the first error that the GPU reported, if any. */
  check(): void {
    if (this.#error) throw this.#error;
  }

  /** Waits until everything submitted so far has run; throws what went wrong meanwhile. */
  async idle(): Promise<void> {
    this.check();
    await this.#orLost(this.gpu.queue.onSubmittedWorkDone());
    this.check();
  }

  /** Copies `bytes` of a buffer, from byte `offset` on, to the host. One readback: one copy, one wait. */
  async read(buffer: GPUBuffer, bytes: number, offset = 0): Promise<ArrayBuffer> {
    this.check();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.gpu.createBuffer({ label: `readback of ${buffer.label}`, size: bytes, usage });
    try {
      const encoder = this.gpu.createCommandEncoder({ label: "readback" });
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
      this.gpu.queue.submit([encoder.finish()]);
      await this.#orLost(staging.mapAsync(GPUMapMode.READ));
      this.check();
      return staging.getMappedRange().slice(0);
    } catch (cause) {
      this.check();
      throw new DeviceError(`could not read ${buffer.label}: ${cause instanceof Error ? cause.message : cause}`);
    } finally {
      staging.destroy();
    }
  }

  /** Frees the device and all that was made on it. */
  destroy(): void {
    this.#isDestroyed = true;
    this.gpu.destroy();
  }

  #orLost<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}

/**
 * Opens a device on the best adapter at hand.
 * @throws UnsupportedError where there is no WebGPU or no adapter, or it gives no device.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const gpu = options.gpu ?? (await findGpu());
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  check(adapter, () => NO_ADAPTER, UnsupportedError);
  const features = options.baseline ? [] : OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
  const limits = options.baseline ? [] : RAISED_LIMITS.map((limit) => [limit, adapter.limits[limit]]);
  const requiredLimits = Object.fromEntries(limits) as Record<string, number>;
  const device = await adapter
    .requestDevice({ label: "unstatic", requiredFeatures: features, requiredLimits })
    .catch(({ message }: Error) => {
      throw new UnsupportedError(`the adapter gives no device: ${message}`);
    });
  return new Device(device, describe(adapter.info, features));
}

function describe(info: GPUAdapterInfo, features: readonly string[]): AdapterDescription {
  const { vendor, architecture, device } = info;
  const description = info.description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter";
  const isSoftware =
    info.isFallbackAdapter ||
    /swiftshader|software|llvmpipe|basic render/i.test(`${architecture} ${device} ${description}`);
  const { subgroupMinSize, subgroupMaxSize } = info;
  const isFixed = features.includes("subgroups") && subgroupMinSize === subgroupMaxSize;
  const subgroupSize = isFixed ? (subgroupMinSize ?? null) : null;
  return { vendor, architecture, device, description, kind: isSoftware ? "cpu" : "gpu", subgroupSize, features };
}

/**
 * Dawn for Node crashes when the object behind `navigator.gpu` is collected while a device lives: there is one, kept
 * here, and a promise so that two callers at once do not make two.
 */
let nodeGpu: Promise<GPU> | undefined;

async function findGpu(): Promise<GPU> {
  if (globalThis.navigator?.gpu) return navigator.gpu;
  check(typeof process !== "undefined" && process.versions?.node, () => NO_ADAPTER, UnsupportedError);
  nodeGpu ??= import("./node_gpu").then(({ createNodeGpu }) => createNodeGpu());
  return nodeGpu;
}

/** Runs `make` and turns what WebGPU's validation says of it into a `ShaderError`. */
export async function validated<T>(device: Device, where: string, make: () => T | Promise<T>): Promise<T> {
  device.check();
  device.gpu.pushErrorScope("validation");
  device.gpu.pushErrorScope("out-of-memory");
  let result: T | undefined;
  let failure: unknown;
  try {
    result = await make();
  } catch (cause) {
    failure = cause;
  }
  const memory = await device.gpu.popErrorScope();
  const validation = await device.gpu.popErrorScope();
  device.check();
  check(!memory, () => `${where}: not enough GPU memory: ${memory?.message}`, DeviceError);
  // The compiler's own complaint names lines; what validation then says of the same text does not.
  if (failure instanceof ShaderError) throw failure;
  check(!validation, () => `${where}: ${validation?.message}`, ShaderError);
  if (failure) throw failure;
  return result as T;
}
