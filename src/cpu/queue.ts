/**
 * The queue: runs what was submitted, in order, and gives the thread back every few milliseconds, so that a page that
 * has no worker stays alive, and a worker hears that it should stop.
 */
import type { CpuBuffer } from "./buffer";
import type { Command } from "./commands";

/** How long the queue works before others on the thread get a turn. */
const TURN_MS = 12;

export class CommandQueue {
  #commands: Command[] = [];
  #work: Promise<void> | undefined;

  writeBuffer(
    { bytes }: CpuBuffer,
    bufferOffset: number,
    data: ArrayBuffer | ArrayBufferView,
    dataOffset = 0,
    size?: number,
  ): void {
    const source = bytesOf(data, dataOffset, size);
    if (!this.#work) {
      new Uint8Array(bytes).set(source, bufferOffset);
      return;
    }
    const copy = source.slice(); // the caller may change it before its turn comes
    this.#push([() => new Uint8Array(bytes).set(copy, bufferOffset)]);
  }

  submit(buffers: Iterable<readonly Command[]>): void {
    for (const commands of buffers) this.#push(commands);
  }

  /** Rejects with what a command threw. */
  async onSubmittedWorkDone(): Promise<void> {
    await (this.#work ?? nextTurn());
  }

  /** Drops what has not run yet. */
  stop(): void {
    this.#commands.length = 0;
  }

  #push(commands: readonly Command[]): void {
    for (const command of commands) this.#commands.push(command);
    if (this.#work) return;
    this.#work = this.#run().finally(() => {
      this.#work = undefined;
    });
    this.#work.catch(() => {}); // whoever waits hears of it
  }

  async #run(): Promise<void> {
    for (let next = 0; next < this.#commands.length; ) {
      await nextTurn();
      const end = performance.now() + TURN_MS;
      try {
        while (next < this.#commands.length && performance.now() < end) this.#commands[next++]!();
      } catch (error) {
        this.stop();
        throw error;
      }
    }
    this.stop();
  }
}

/** The bytes that writeBuffer means: for a typed array, offset and size count elements. */
function bytesOf(data: ArrayBuffer | ArrayBufferView, offset: number, size: number | undefined): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data, offset, size ?? data.byteLength - offset);
  const element = "BYTES_PER_ELEMENT" in data ? (data.BYTES_PER_ELEMENT as number) : 1;
  const length = size === undefined ? data.byteLength - offset * element : size * element;
  return new Uint8Array(data.buffer, data.byteOffset + offset * element, length);
}

/** Everything else that waits for the thread comes first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    // Not setTimeout: browsers make nested ones wait four milliseconds.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
