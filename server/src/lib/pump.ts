// When a runner looks at its queue: one pass at a time, woken or when the next thing is due, and never a wake-up lost between the two.

export interface PumpOptions {
  /** One look at what is due. Returns in how many milliseconds the next one is; null = when it is woken. Looks at `pump.closed` where it takes long. */
  pass(): Promise<number | null>;
  /** A pass failed; it is tried again after `againMs`. */
  onError(error: unknown): void;
  againMs: number;
  /** Bounds of the waits between passes. What is due is told by clocks of other machines, and timers hold less than 25 days. */
  shortestMs: number;
  longestMs: number;
}

/** Starts nothing by itself: `wake` or `sleep` does. Its timer keeps no process alive. */
export class Pump {
  readonly #options: PumpOptions;
  #timer: NodeJS.Timeout | undefined;
  #passing: Promise<void> | null = null;
  #woken = false;
  #closed = false;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Something may be due: a pass begins at once, or after the one under way, which may not have seen it. */
  readonly wake = (): void => {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#woken = true;
    this.#passing ??= this.#passes().finally(() => {
      this.#passing = null;
      if (this.#woken) this.wake();
    });
  };

  /** A pass begins in so many milliseconds (within the bounds) unless it is woken before; takes the place of the wait that there is. */
  sleep(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const { shortestMs, longestMs } = this.#options;
    this.#timer = setTimeout(this.wake, Math.min(Math.max(ms, shortestMs), longestMs)).unref();
  }

  /** No further pass begins. Returns when the one under way is over. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#woken = false;
    clearTimeout(this.#timer);
    await this.#passing;
  }

  async #passes(): Promise<void> {
    while (this.#woken && !this.#closed) {
      this.#woken = false;
      try {
        const nextMs = await this.#options.pass();
        if (nextMs !== null) this.sleep(nextMs);
      } catch (error) {
        if (this.#closed) return;
        this.#options.onError(error);
        this.sleep(this.#options.againMs);
      }
    }
  }
}
