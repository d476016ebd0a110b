/**
 * Weights on the GPU: a few large read-only buffers, each tensor at an aligned offset, shared by every program of a model.
 */
import { bytesOf, type Weight } from "../recording/recording";
import { check, DeviceError, InputError } from "../tensor/check";
import { encodeHalf } from "../tensor/half";
import { paddedSizeOf } from "../tensor/shape";
import { type Device, validated } from "./device";

/** Weights larger than this start a buffer of their own; stays below the default 128 MiB binding limit. */
const CHUNK_BYTES = 32 * 2 ** 20;
const ALIGNMENT = 256;

export interface Slice {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** The identity of packed numbers: two programs that need the same ones share them. */
export function weightKey({ packing, shape, dtype }: Weight): string {
  return JSON.stringify([packing, shape, dtype]);
}

/** The numbers as the kernels' lib/weights_*.wgsl read them. */
async function encoded({ dtype, shape, label }: Weight, numbers: Float32Array<ArrayBuffer>): Promise<BufferSource> {
  if (dtype === "i8") return (await import("./int8_weights")).int8Weights(numbers, shape);
  if (dtype !== "f16") return numbers;
  const halves = encodeHalf(numbers);
  const beyond = halves.findIndex((half) => (half & 0x7fff) === 0x7c00);
  check(
    beyond < 0,
    () => `${label}: f16 holds numbers up to 65504, got ${numbers[beyond]}. Load with weights "f32"`,
    InputError,
  );
  return halves;
}

export class Weights {
  readonly #device: Device;
  readonly #slices = new Map<string, Slice>();
  readonly #buffers: GPUBuffer[] = [];
  #free: { buffer: GPUBuffer; offset: number } | undefined;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Bytes of GPU memory that the weights take. */
  get bytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  has(weight: Weight): boolean {
    return this.#slices.has(weightKey(weight));
  }

  /** Where a weight lies. Every weight of a program is uploaded before the program is made. */
  slice(weight: Weight): Slice {
    const slice = this.#slices.get(weightKey(weight));
    check(slice, () => `${weight.label}: the weight must be uploaded before it is used`, DeviceError);
    return slice;
  }

  /** Uploads packed numbers in the weight's own type; `packed` must have exactly its padded size. */
  async upload(weight: Weight, packed: Float32Array<ArrayBuffer>): Promise<void> {
    const size = bytesOf(weight);
    const numbers = paddedSizeOf(weight.shape);
    check(
      packed.length === numbers,
      () => `${weight.label}: packed weight must have ${numbers} numbers, got ${packed.length}`,
    );
    const limit = this.#device.gpu.limits.maxStorageBufferBindingSize;
    check(
      size <= limit,
      () => `${weight.label}: needs a storage binding of ${size} bytes, the adapter allows ${limit}`,
      DeviceError,
    );
    const data = await encoded(weight, packed);
    const { buffer, offset } = await this.#reserve(size, weight.label);
    this.#device.gpu.queue.writeBuffer(buffer, offset, data);
    this.#slices.set(weightKey(weight), { buffer, offset, size });
  }

  /** A weight's memory, as the kernels see it. */
  read(weight: Weight): Promise<ArrayBuffer> {
    const { buffer, offset, size } = this.slice(weight);
    return this.#device.read(buffer, size, offset);
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
    this.#slices.clear();
    this.#free = undefined;
  }

  async #reserve(size: number, label: string): Promise<{ buffer: GPUBuffer; offset: number }> {
    if (!this.#free || this.#free.offset + size > this.#free.buffer.size) {
      const buffer = await validated(this.#device, label, () =>
        this.#device.gpu.createBuffer({
          label: `weights ${this.#buffers.length}`,
          size: Math.max(size, CHUNK_BYTES),
          usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
        }),
      );
      this.#buffers.push(buffer);
      this.#free = { buffer, offset: 0 };
    }
    const { buffer, offset } = this.#free;
    this.#free = { buffer, offset: Math.ceil((offset + size) / ALIGNMENT) * ALIGNMENT };
    return { buffer, offset };
  }
}
