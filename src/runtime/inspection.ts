/**
 * Looking into a program between two submits: sections and single dispatches on request, states kept for later, tensors
 * carried from one program to another. The loop itself needs none of this; whoever wants to see its numbers does.
 */
import { bytesOf, type Tensor } from "../recording/recording";
import type { Program } from "./program";

/** Runs sections one after the other and waits for them. */
export async function runSections(program: Program, sections: readonly string[]): Promise<void> {
  await submitPass(program, (pass) => {
    for (const section of sections) program.encode(pass, section);
  });
}

/** Runs some dispatches of a section, by their numbers in it, and waits for them. */
export async function runDispatches(program: Program, section: string, indices: readonly number[]): Promise<void> {
  await submitPass(program, (pass) => {
    for (const index of indices) program.encodeOne(pass, section, index);
  });
}

async function submitPass(program: Program, encode: (pass: GPUComputePassEncoder) => void): Promise<void> {
  const encoder = program.device.gpu.createCommandEncoder({ label: `${program.recording.name}: inspected` });
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  program.device.gpu.queue.submit([encoder.finish()]);
  await program.device.idle();
}

/** Copies the numbers of tensors of one program into tensors of another, one for one. */
export function copyTensors(
  from: Program,
  sources: readonly Tensor[],
  to: Program,
  destinations: readonly Tensor[],
): void {
  const encoder = from.device.gpu.createCommandEncoder({ label: "copied tensors" });
  sources.forEach((tensor, i) => {
    encoder.copyBufferToBuffer(from.buffer(tensor), 0, to.buffer(destinations[i]!), 0, bytesOf(tensor));
  });
  from.device.gpu.queue.submit([encoder.finish()]);
}

/** The numbers of a few tensors at one moment. */
export class Saved {
  readonly #tensors: readonly Tensor[];
  readonly #buffer: GPUBuffer;

  constructor(program: Program, tensors: readonly Tensor[]) {
    this.#tensors = tensors;
    this.#buffer = program.device.gpu.createBuffer({
      label: `${program.recording.name}: saved`,
      size: Math.max(
        16,
        tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
      ),
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    this.#copy(program, (buffer, offset, bytes, encoder) => {
      encoder.copyBufferToBuffer(buffer, 0, this.#buffer, offset, bytes);
    });
  }

  /** Puts the numbers back, into the program that they came from or another with the same tensors. */
  restore(program: Program): void {
    this.#copy(program, (buffer, offset, bytes, encoder) => {
      encoder.copyBufferToBuffer(this.#buffer, offset, buffer, 0, bytes);
    });
  }

  destroy(): void {
    this.#buffer.destroy();
  }

  #copy(
    program: Program,
    copy: (buffer: GPUBuffer, offset: number, bytes: number, encoder: GPUCommandEncoder) => void,
  ): void {
    const encoder = program.device.gpu.createCommandEncoder({ label: this.#buffer.label });
    let offset = 0;
    for (const tensor of this.#tensors) {
      copy(program.buffer(tensor), offset, bytesOf(tensor), encoder);
      offset += bytesOf(tensor);
    }
    program.device.gpu.queue.submit([encoder.finish()]);
  }
}
