// What the data plane needs from the rest of the house, in its own words. house.ts joins them.
import type { CallSettled, CallStarted } from '#call-record.ts';
import type { BudgetClaim, Governing } from '#identity/governing.ts';
import type { VirtualKey } from '#identity/principal.ts';

/** Virtual keys by the SHA-256 (hex) of their secret. */
export interface KeyDirectory {
  /** Synchronous look-up: the key, null (known not to exist), or undefined (not in memory: call `load`). */
  find(hash: string): VirtualKey | null | undefined;
  /** Loads once for all waiters. @throws AppError 503 when the records are away and the key is not known. */
  load(hash: string): Promise<VirtualKey | null>;
}

/** A place taken in one or more budgets until the call is settled. */
export interface Reservation {
  readonly reservedPicos: bigint;
}

export type BudgetAnswer =
  | { readonly admitted: true; readonly reservation: Reservation }
  | {
      readonly admitted: false /** Null = the whole gateway's budget. */;
      readonly claim: BudgetClaim | null;
      readonly spentPicos: bigint;
      readonly maxPicos: bigint;
    };

export interface Budgets {
  /**
   * Admits when spend + reserved < max for every claim and the whole gateway (`strict`: spend + reserved + this <= max). A promise only when the
   * accounts are shared with other processes.
   */
  reserve(claims: readonly BudgetClaim[], reservedPicos: bigint, strict: boolean): BudgetAnswer | Promise<BudgetAnswer>;
  /** The same for budgets beside the caller's (of a deployment and its provider): the whole gateway's budget is not asked again. */
  reserveAside(claims: readonly BudgetClaim[], reservedPicos: bigint): BudgetAnswer | Promise<BudgetAnswer>;
  /** Replaces the reservation by what the call really cost. Exactly once a reservation. */
  settle(reservation: Reservation, actualPicos: bigint): void;
  /** The accounts that count what is spent under the claims now, the whole gateway's included: for money whose amount is known only much later. */
  accountsOf(claims: readonly BudgetClaim[]): string[];
  /** Changes what such accounts have spent, by as much as the stored spend was changed. One that has ended meanwhile is left alone. */
  correct(accounts: readonly string[], deltaPicos: bigint): void;
  /** Spend of an account so far in picos, settled calls included (for x-litellm-key-spend; a key's account is its hash). */
  spentPicos(account: string): bigint;
}

/** The rules of an end user or a tag. */
export interface GovernedLevel {
  readonly governing: Governing;
  readonly blocked: boolean;
}

/** End users and tags that have rules, all in memory: most calls name neither and most names have none. */
export interface GovernedLevels {
  /** True: nothing of a call needs to be read for them. */
  readonly isEmpty: boolean;
  endUser(id: string): GovernedLevel | null;
  tag(name: string): GovernedLevel | null;
}

/** Where calls are written down. Both records carry everything that billing and tracing need. */
export interface CallJournal {
  /**
   * Before dispatch; survives kill -9 of the process when it returns, or when the promise that it returns resolves (a journal that machines share).
   * @throws when even money cannot be written: the call is refused with 503.
   */
  started(record: CallStarted): void | Promise<void>;
  /**
   * After the last attempt. `done` runs when the record is durable: only then may the last byte of the answer leave.
   * When the payload class is full the record is written with content `metadata_only`.
   */
  settled(record: CallSettled, request: Uint8Array | null, answer: readonly Uint8Array[], done: (error: Error | null) => void): void;
  /** What may be kept elsewhere until the call ends, as `settled` would write it; absent = all of it. */
  masked?(record: CallSettled, request: Uint8Array | null): { record: CallSettled; request: Uint8Array | null };
}

/** Typical output tokens for reservations when a request names no max_tokens: a rolling p95 a key and model. */
export interface OutputHistory {
  expectedOutputTokens(keyId: string, model: string): number;
  record(keyId: string, model: string, outputTokens: number): void;
}
