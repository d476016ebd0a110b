/** Waiting that ends when a signal says so. */

/** `work`, or the signal's reason as soon as it is aborted; the work itself may end later. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The page's next frame. There is none while its tab is hidden. */
export function nextFrame(signal: AbortSignal): Promise<void> {
  return orAborted(new Promise((resolve) => requestAnimationFrame(() => resolve())), signal);
}
