/** One measurement at a time: two would spoil each other's figures. */

export class Turn {
  readonly #starters = new Set<HTMLButtonElement | HTMLInputElement>();

  /** `starter` cannot be pressed while something is measured. */
  add(starter: HTMLButtonElement | HTMLInputElement): void {
    this.#starters.add(starter);
  }

  /** Measures; `own` stays as it is, to stop the work with. */
  async take(work: () => Promise<void>, own?: HTMLButtonElement): Promise<void> {
    const waiting = [...this.#starters].filter((starter) => starter !== own && !starter.disabled);
    for (const starter of waiting) starter.disabled = true;
    try {
      await work();
    } finally {
      for (const starter of waiting) starter.disabled = false;
    }
  }
}
