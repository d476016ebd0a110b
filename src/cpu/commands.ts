/** Command encoders: lists of what is to be done, to be run by the queue. */
import type { CpuBuffer } from "./buffer";
import type { CpuKernel } from "./kernels";
import { runOnCpu } from "./run";

export interface Pipeline {
  readonly kernel: CpuKernel;
  /** The shader's, with the format of its weights. */
  readonly name: string;
  readonly constants: Readonly<Record<string, number>>;
}

export type Command = () => void;

export class CommandEncoder {
  readonly #commands: Command[] = [];

  beginComputePass(): ComputePass {
    return new ComputePass(this.#commands);
  }

  copyBufferToBuffer(
    from: CpuBuffer,
    fromOffset: number,
    to: CpuBuffer,
    toOffset: number,
    size: number = from.size - fromOffset,
  ): void {
    this.#commands.push(() => {
      new Uint8Array(to.bytes, toOffset, size).set(new Uint8Array(from.bytes, fromOffset, size));
    });
  }

  clearBuffer(buffer: CpuBuffer, offset = 0, size: number = buffer.size - offset): void {
    this.#commands.push(() => new Uint8Array(buffer.bytes, offset, size).fill(0));
  }

  finish(): readonly Command[] {
    return this.#commands;
  }
}

interface BoundBuffer {
  readonly buffer: CpuBuffer;
  readonly offset?: number;
  readonly size?: number;
}

interface BindEntry {
  readonly binding: number;
  readonly resource: BoundBuffer;
}

class ComputePass {
  readonly #commands: Command[];
  #pipeline: Pipeline | undefined;
  #entries: readonly BindEntry[] = [];

  constructor(commands: Command[]) {
    this.#commands = commands;
  }

  setPipeline(pipeline: Pipeline): void {
    this.#pipeline = pipeline;
  }

  setBindGroup(_: number, entries: readonly BindEntry[]): void {
    this.#entries = entries;
  }

  dispatchWorkgroups(x: number, y = 1, z = 1): void {
    const pipeline = this.#pipeline!;
    const entries = this.#entries;
    this.#commands.push(() => dispatch(pipeline, entries, [x, y, z]));
  }

  end(): void {}
}

function dispatch(
  { kernel, name, constants }: Pipeline,
  entries: readonly BindEntry[],
  workgroups: readonly [number, number, number],
): void {
  const { shader } = kernel;
  const memory = new Map(entries.map(({ binding, resource }) => [binding, wordsOf(resource)]));
  const buffers: Record<string, Uint32Array> = {};
  for (const [binding, { index }] of Object.entries(shader.bindings)) buffers[binding] = memory.get(index)!;
  const params: Record<string, number> = {};
  const uniform = buffers.params;
  if (uniform) {
    const view = new DataView(uniform.buffer, uniform.byteOffset, uniform.byteLength);
    for (const [field, { offset, type }] of Object.entries(shader.params.fields)) {
      const read = type === "f32" ? view.getFloat32 : type === "i32" ? view.getInt32 : view.getUint32;
      params[field] = read.call(view, offset, true);
    }
  }
  runOnCpu({ shader: { name }, constants, params, workgroups }, buffers);
}

function wordsOf({ buffer, offset = 0, size = buffer.size - offset }: BoundBuffer): Uint32Array {
  return new Uint32Array(buffer.bytes, offset, size / 4);
}
