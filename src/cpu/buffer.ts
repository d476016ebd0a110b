/** A GPUBuffer that is memory of the page. */
import { check, DeviceError } from "../tensor/check";
import type { CommandQueue } from "./queue";

export class CpuBuffer {
  readonly label: string;
  readonly size: number;
  readonly #queue: CommandQueue;
  readonly #onDestroy: () => void;
  #bytes: ArrayBuffer | undefined;

  constructor(label: string, size: number, queue: CommandQueue, onDestroy: () => void) {
    this.label = label;
    this.size = size;
    this.#queue = queue;
    this.#onDestroy = onDestroy;
    // Views of whole vec4s must be possible whatever the size.
    this.#bytes = new ArrayBuffer(Math.ceil(size / 16) * 16);
  }

  get bytes(): ArrayBuffer {
    check(this.#bytes, () => `${this.label}: the buffer was destroyed`, DeviceError);
    return this.#bytes;
  }

  /** Resolves when what was submitted has run. */
  async mapAsync(): Promise<void> {
    await this.#queue.onSubmittedWorkDone();
  }

  map(): void {}

  getMappedRange(offset = 0, size = this.size - offset): ArrayBuffer {
    // A whole buffer is given as it is, so that what is written there arrives; a part is only ever read.
    return offset === 0 && size === this.bytes.byteLength ? this.bytes : this.bytes.slice(offset, offset + size);
  }

  unmap(): void {}

  destroy(): void {
    this.#bytes = undefined;
    this.#onDestroy();
  }
}
