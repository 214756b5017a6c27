// Port: coordination. What all processes that admit calls must agree on: rate windows, parallel places, money accounts and news; in memory for one process, Redis for many.

/** One limit to take from. Windows are fixed and aligned to `windowMs`; `max` < 0 means unlimited. */
export interface WindowLimit {
  /** A part in braces names the owner: what one owner has is kept together where keys are spread over machines, and only there is a take atomic. */
  key: string;
  windowMs: number;
  max: number;
  cost: number;
}

export interface Taken {
  allowed: boolean;
  /** Index of the limit that refused, when not allowed. */
  refusedBy?: number;
  /** Used so far per limit, this take included when allowed. */
  used: number[];
  /** When the refusing window (or the first one) ends, in epoch milliseconds. */
  resetAtMs: number;
}

/** An account that a hold is taken in; `maxPicos` null = no limit, only counted. */
export interface AccountLimit {
  readonly key: string;
  readonly maxPicos: bigint | null;
}

/** Money held in accounts until the call is settled. Opaque: made by `hold`, given back to `settle`. */
export interface Hold {
  readonly picos: bigint;
}

export type HoldAnswer = { readonly held: true; readonly hold: Hold } | { readonly held: false; readonly refusedBy: number; readonly spentPicos: bigint };

/** Spent and held money by account key, in whole picos. */
export interface Accounts {
  /** Whether other processes see the same accounts. Then an unknown account is read from the records when it is first needed, and `adopt` does nothing. */
  readonly shared: boolean;
  /**
   * Holds an amount in all accounts or in none: each must have spent + held < max (`strict`: spent + held + this <= max).
   * A process that dies gives nothing back: its holds become spent after a lease.
   */
  hold(accounts: readonly AccountLimit[], picos: bigint, strict: boolean): HoldAnswer | Promise<HoldAnswer>;
  /** Replaces the hold by what was really spent. A second time it does nothing. */
  settle(hold: Hold, actualPicos: bigint): void | Promise<void>;
  /** Spent so far as this process knows it; another process's newest calls may be missing. */
  spentPicos(key: string): bigint;
  /** Makes stored spend known; an account that exists is kept unless `replace`. */
  adopt(key: string, spentPicos: bigint, replace?: boolean): void;
  /** Adds to what is spent (negative: takes away, not below zero), by as much as the stored spend was changed. */
  adjust(key: string, deltaPicos: bigint): void | Promise<void>;
  /** Drops an account. */
  forget(key: string): void | Promise<void>;
}

/** Bytes that are worth keeping for a time and can be lost at any moment: a cache. */
export interface Values {
  get(key: string): Buffer | null | Promise<Buffer | null>;
  set(key: string, value: Buffer, ttlMs: number): void | Promise<void>;
  /** False when there was nothing. */
  remove(key: string): boolean | Promise<boolean>;
  /** Forgets all; gives how many there were. Of several processes only where they share. */
  clear(): number | Promise<number>;
}

/** News between processes. */
export interface News {
  /**
   * Tells every process, this one included. With `heard` it resolves when each live one has acted on it, or after a bound (seconds) in which a process that
   * did not answer has lost its connection, and then trusts its memory no longer (`onGap`). Never rejects.
   */
  tell(topic: string, message: string, heard?: boolean): Promise<void>;
  /** Listens; `onGap` runs when news may have been missed. @returns how to stop. */
  hear(topic: string, onNews: (message: string) => void, onGap?: () => void): () => void;
}

/** What is said to those alone who attend, and may be lost: for what a receiver can do without, or asks again. */
export interface Whispers {
  /** Reaches every process that attends to the topic, this one included. What nobody attends to, and what cannot be said now, is lost. Never rejects. */
  whisper(topic: string, message: string): Promise<void>;
  /** Resolves when whatever is whispered from now on arrives; `onGap` runs when something may have been missed. @returns how to stop. @throws AppError 503. */
  attend(topic: string, onMessage: (message: string) => void, onGap?: () => void): Promise<() => void>;
}

export interface CoordinationState {
  kind: 'memory' | 'redis';
  /** True while the store does not answer and this process decides by itself. */
  away: boolean;
  /** Live processes that share it, this one included. */
  processes: number;
}

export interface Coordination {
  readonly accounts: Accounts;
  readonly news: News;
  /** Of several processes only where they share. */
  readonly whispers: Whispers;
  readonly values: Values;
  /** Takes from all windows or from none. Synchronous results keep the hot path free of a promise when the adapter is in memory. */
  take(limits: readonly WindowLimit[], nowMs: number): Taken | Promise<Taken>;
  /** Adds to a window after the fact (tokens of a finished call); may pass `max`. */
  add(key: string, windowMs: number, cost: number, nowMs: number): void | Promise<void>;
  /** Enters one of `max` parallel places; the lease ends by `leave` or after `leaseMs`. `max` 0 admits nobody. */
  enter(key: string, max: number, holder: string, leaseMs: number, nowMs: number): boolean | Promise<boolean>;
  leave(key: string, holder: string): void | Promise<void>;
  state(): CoordinationState;
  close(): Promise<void>;
}
