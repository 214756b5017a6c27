// The bytes of request and answer bodies that calls hold in memory at once: bounded, counted, given back when the call ends.

/** A budget of bytes shared by all calls. */
export class BytePool {
  readonly maxBytes: number;
  #inUse = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** Takes `bytes`, or takes nothing and answers false when they do not fit. */
  take(bytes: number): boolean {
    if (this.#inUse + bytes > this.maxBytes) return false;
    this.#inUse += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#inUse -= bytes;
  }
}
