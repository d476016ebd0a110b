/** The page's end of a worker: sends requests, and brings each answer to whoever asked. */
import type { Answers, Failure, News, Order, Question, Request } from "./messages";

/** News that answers nothing. */
export type Announcement = Extract<News, { readonly type: "progress" | "done" }>;

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

export class Connection {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #end: Failure | undefined;

  constructor(worker: Worker, listener: (news: Announcement) => void) {
    this.#worker = worker;
    worker.onmessage = ({ data: news }: MessageEvent<News>) => {
      if (news.type === "progress" || news.type === "done") return listener(news);
      const waiting = this.#waiting.get(news.id);
      this.#waiting.delete(news.id);
      if (news.type === "answer") waiting?.resolve(news.value as never);
      else errorOf(news.failure).then((error) => waiting?.reject(error));
    };
    worker.onerror = ({ message }) => {
      this.close({ name: "DeviceError", message: `the worker failed: ${message || "its script could not be loaded"}` });
    };
  }

  /** @throws what the worker threw, or what the connection was closed with. */
  ask<T extends Question["type"]>(question: Extract<Question, { readonly type: T }>): Promise<Answers[T]> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      if (this.#end) {
        errorOf(this.#end).then(reject);
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#post({ ...question, id });
    });
  }

  tell(order: Order, transfer: Transferable[] = []): void {
    if (!this.#end) this.#post(order, transfer);
  }

  /** Ends the worker, in the middle of a step if need be; who waits for an answer, or asks later, gets the failure. */
  close(failure: Failure): void {
    if (this.#end) return;
    this.#end = failure;
    this.#worker.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    errorOf(failure).then((error) => {
      for (const { reject } of waiting) reject(error);
    });
  }

  #post(request: Request, transfer: Transferable[] = []): void {
    this.#worker.postMessage(request, transfer);
  }
}

async function errorOf(failure: Failure): Promise<Error> {
  return (await import("./errors")).errorOf(failure);
}
