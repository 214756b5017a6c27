// Money accounts in the memory of the process that holds the counters for the others of its machine: an account that it does not know is read from the records when it is first needed.
import { MemoryAccounts } from './memory-accounts.ts';
import type { AccountLimit, Accounts, Hold, HoldAnswer } from './port.ts';

/** An account that nobody used for so long, and that holds nothing, is read again when it is next needed: memory stays bounded, and a small error heals. */
const IDLE_MS = 10 * 60_000;

export class SharedMemoryAccounts implements Accounts {
  readonly shared = true;
  readonly #memory = new MemoryAccounts();
  readonly #storedSpend: (account: string) => Promise<bigint>;
  readonly #usedAtMs = new Map<string, number>();
  readonly #loading = new Map<string, Promise<void>>();

  /** `storedSpend` says what the records know of an account. */
  constructor(storedSpend: (account: string) => Promise<bigint>) {
    this.#storedSpend = storedSpend;
  }

  /** @throws what `storedSpend` throws. */
  hold(limits: readonly AccountLimit[], picos: bigint, strict: boolean): HoldAnswer | Promise<HoldAnswer> {
    const unknown = limits.filter(({ key }) => !this.#usedAtMs.has(key));
    if (unknown.length === 0) return this.#holdNow(limits, picos, strict);
    return Promise.all(unknown.map(({ key }) => this.#load(key))).then(() => this.#holdNow(limits, picos, strict));
  }

  settle(hold: Hold, actualPicos: bigint): void {
    this.#memory.settle(hold, actualPicos);
  }

  spentPicos(key: string): bigint {
    return this.#memory.spentPicos(key);
  }

  adopt(): void {}

  /** What is not known here is read with the change in it. */
  adjust(key: string, deltaPicos: bigint): void {
    if (this.#usedAtMs.has(key)) this.#memory.adjust(key, deltaPicos);
  }

  forget(key: string): void {
    this.#usedAtMs.delete(key);
    this.#memory.forget(key);
  }

  /** Forgets accounts that were idle. */
  sweep(nowMs: number): void {
    for (const [key, usedAtMs] of this.#usedAtMs) if (usedAtMs + IDLE_MS < nowMs && this.#memory.heldPicos(key) === 0n) this.forget(key);
  }

  #holdNow(limits: readonly AccountLimit[], picos: bigint, strict: boolean): HoldAnswer {
    const nowMs = Date.now();
    for (const { key } of limits) this.#usedAtMs.set(key, nowMs);
    return this.#memory.hold(limits, picos, strict);
  }

  #load(key: string): Promise<void> {
    const known = this.#loading.get(key);
    if (known !== undefined) return known;
    const loading = this.#storedSpend(key)
      .then((picos) => this.#memory.adopt(key, picos))
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }
}
