/** One thing after the other on shared buffers, and nothing on buffers that are gone. */
import { check, InputError } from "../tensor/check";

export class Queue {
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Runs `work` when all before it is done. @throws InputError once the queue is closed. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last
      .catch(() => {})
      .then(() => {
        check(!this.#isClosed, () => "probe: was destroyed; open another", InputError);
        return work();
      });
    this.#last = result;
    return result;
  }

  /** Frees something when the work under way is done. */
  free(release: () => void): void {
    this.#last = this.#last.catch(() => {}).then(release);
  }

  /** What has not begun is refused from now on. */
  close(): void {
    this.#isClosed = true;
  }
}
