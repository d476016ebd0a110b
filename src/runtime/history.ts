/** Copies of a few tensors after every step of a replay: one buffer, read back in one go. */
import { bytesOf, type Tensor } from "../recording/recording";
import type { Program } from "./program";

export class History {
  readonly #program: Program;
  readonly #tensors: readonly Tensor[];
  readonly #buffer: GPUBuffer;
  /** Bytes of all tensors of one step. */
  readonly #stride: number;

  constructor(program: Program, tensors: readonly Tensor[], steps: number) {
    this.#program = program;
    this.#tensors = tensors;
    this.#stride = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
    this.#buffer = program.device.gpu.createBuffer({
      label: `${program.recording.name}: history`,
      size: this.#stride * steps,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
  }

  /** Encodes the copies that follow step `step`, outside any pass. */
  encode(encoder: GPUCommandEncoder, step: number): void {
    let offset = step * this.#stride;
    for (const tensor of this.#tensors) {
      encoder.copyBufferToBuffer(this.#program.buffer(tensor), 0, this.#buffer, offset, bytesOf(tensor));
      offset += bytesOf(tensor);
    }
  }

  /** For each step, each tensor's numbers in the padded layout. One readback. */
  async read(): Promise<Float32Array[][]> {
    const all = await this.#program.device.read(this.#buffer, this.#buffer.size);
    return Array.from({ length: all.byteLength / this.#stride }, (_, step) => {
      let offset = step * this.#stride;
      return this.#tensors.map((tensor) => {
        const numbers = new Float32Array(all, offset, bytesOf(tensor) / 4);
        offset += bytesOf(tensor);
        return numbers;
      });
    });
  }

  destroy(): void {
    this.#buffer.destroy();
  }
}
