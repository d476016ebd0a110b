/** A progress bar on standard error; silent where that is not a terminal, so that logs stay readable. */

const WIDTH = 24;

export class ProgressBar {
  readonly #isTerminal = process.stderr.isTTY === true;

  /** Redraws the bar: `done` of `total`, after `label`. */
  show(label: string, done: number, total: number): void {
    if (!this.#isTerminal) return;
    const filled = Math.round((WIDTH * done) / Math.max(total, 1));
    process.stderr.write(`\r${label.padEnd(8)} ${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${done}/${total} `);
  }

  /** Clears the line. */
  clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[K");
  }
}
