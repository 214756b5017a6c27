// What is under way at the door, for the drain: how much, and when nothing is any more.

export class UnderWay {
  #count = 0;
  #ended: (() => void) | null = null;

  get count(): number {
    return this.#count;
  }

  /** Work that never rejects. */
  add(work: Promise<void>): void {
    this.#count++;
    void work.finally(() => {
      this.#count--;
      if (this.#count === 0) this.#ended?.();
    });
  }

  /** Resolves when nothing is under way. */
  async ended(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#ended = resolve));
  }
}
