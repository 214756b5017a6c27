// Port: coordination. Counters and leases shared by all processes that admit calls: in memory for one process, Redis for many.

/** One limit to take from. Windows are fixed and aligned to `windowMs`; `max` < 0 means unlimited. */
export interface WindowLimit {
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

export interface Coordination {
  /** Takes from all windows or from none. Synchronous results keep the hot path free of a promise when the adapter is in memory. */
  take(limits: readonly WindowLimit[], nowMs: number): Taken | Promise<Taken>;
  /** Adds to a window after the fact (tokens of a finished call); may pass `max`. */
  add(key: string, windowMs: number, cost: number, nowMs: number): void | Promise<void>;
  /** Enters one of `max` parallel places; the lease ends by `leave` or after `leaseMs`. `max` 0 admits nobody. */
  enter(key: string, max: number, holder: string, leaseMs: number, nowMs: number): boolean | Promise<boolean>;
  leave(key: string, holder: string): void | Promise<void>;
  close(): Promise<void>;
}
