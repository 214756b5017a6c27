// Budgets as the data plane asks for them: which accounts govern a call, and what they answer. The amounts lie in the coordination store.
import type { BudgetAnswer, Budgets, Reservation } from '#gateway/ports.ts';
import { type BudgetClaim, claimAccount, windowAccount } from '#identity/governing.ts';
import type { TimeWindow } from '#lib/calendar.ts';
import type { AccountLimit, Accounts, Hold, HoldAnswer } from '#stores/coordination/port.ts';

/** A reservation as it lies in the accounts; `open` makes a second settlement a no-op. */
interface HeldReservation extends Reservation {
  readonly hold: Hold;
  /** Part of what is reserved in all: a deployment's budget counts the same money once more. */
  readonly counted: boolean;
  open: boolean;
}

/** The whole gateway's budget: nobody's claim, everybody's account. */
export interface GlobalBudget {
  readonly maxPicos: bigint;
  /** Null = of all time. */
  readonly duration: string | null;
}

/** Budgets as the data plane sees them, and how the rest of the house keeps them true. Accounts are named as in identity/governing.ts. */
export interface BudgetBook extends Budgets {
  /** Makes an account's stored spend known, once: an account that already exists is kept, because it holds newer calls. */
  adopt(account: string, spentPicos: bigint): void;
  /** The same for the window of a claim that an instant lies in. */
  adoptWindow(account: string, window: TimeWindow, spentPicos: bigint): void;
  /** Whether the claim's window is known here, or need not be because the accounts are shared. */
  knowsWindow(account: string): boolean;
  /** Adds to what is spent (negative: takes away), by as much as the stored spend was changed; an account is stored spend plus what is on its way there. */
  adjust(account: string, deltaPicos: bigint): void;
  /** Drops an account and its windows. */
  forget(account: string): void;
  /** Sets the spend of the whole gateway in its budget's window so far. */
  setGlobalSpent(picos: bigint, duration: string | null): void;
  /** For metrics: reservations of this process's calls in flight, in picos. */
  reservedPicos(): bigint;
}

export interface BudgetOptions {
  accounts: Accounts;
  /** The configuration's max_budget now; null = none. */
  globalBudget: () => GlobalBudget | null;
  /** The window of this length that an instant lies in. */
  windowOf: (duration: string, nowMs: number) => TimeWindow;
  /** An amount could not be written to the shared accounts. */
  onError?: (error: unknown) => void;
}

/** The account of the whole gateway. */
export const GLOBAL_ACCOUNT = 'global';

/** A window of a claim as it is now: each window has an account of its own, so a new one begins with nothing spent. */
interface OpenWindow extends TimeWindow {
  readonly account: string;
}

/**
 * Admits when spend + reserved < max for every claim and for the gateway's budget (`max` 0 admits nobody; null = no budget); strict also
 * demands spend + reserved + this <= max. So the overshoot is at most the last admitted call's own cost plus what calls in flight cost
 * beyond their reservations.
 */
export function createBudgets(options: BudgetOptions): BudgetBook {
  return new AccountBook(options);
}

/** The claim's maximum with what it has more for a while. */
function maximumNow({ maxPicos, raise, carried }: BudgetClaim): bigint | null {
  if (maxPicos === null || (raise === undefined && carried === undefined)) return maxPicos;
  const nowMs = Date.now();
  const more = (one: BudgetClaim['raise']): bigint => (one === undefined || nowMs >= one.untilMs ? 0n : one.picos);
  return maxPicos + more(raise) + more(carried);
}

interface Asked {
  readonly claims: readonly BudgetClaim[];
  readonly limits: readonly AccountLimit[];
  readonly counted: boolean;
}

class AccountBook implements BudgetBook {
  readonly #options: BudgetOptions;
  readonly #windows = new Map<string, OpenWindow>();
  #openPicos = 0n;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  reserve(claims: readonly BudgetClaim[], reservedPicos: bigint, strict: boolean): BudgetAnswer | Promise<BudgetAnswer> {
    const limits: AccountLimit[] = [];
    for (const claim of claims) limits.push({ key: this.#accountNow(claim.account, claim.duration), maxPicos: maximumNow(claim) });
    const whole = this.#options.globalBudget();
    if (whole !== null) limits.push({ key: this.#globalAccount(whole.duration), maxPicos: whole.maxPicos });
    return this.#hold({ claims, limits, counted: true }, reservedPicos, strict);
  }

  reserveAside(claims: readonly BudgetClaim[], reservedPicos: bigint): BudgetAnswer | Promise<BudgetAnswer> {
    const limits = claims.map((claim) => ({ key: this.#accountNow(claim.account, claim.duration), maxPicos: claim.maxPicos }));
    return this.#hold({ claims, limits, counted: false }, reservedPicos, false);
  }

  settle(reservation: Reservation, actualPicos: bigint): void {
    const held = reservation as HeldReservation;
    if (!held.open) return;
    held.open = false;
    if (held.counted) this.#openPicos -= held.reservedPicos;
    this.#forget(this.#options.accounts.settle(held.hold, actualPicos));
  }

  accountsOf(claims: readonly BudgetClaim[]): string[] {
    const whole = this.#options.globalBudget();
    const names = claims.map((claim) => this.#accountNow(claim.account, claim.duration));
    return [...new Set(whole === null ? names : [...names, this.#globalAccount(whole.duration)])];
  }

  correct(accounts: readonly string[], deltaPicos: bigint): void {
    if (deltaPicos === 0n) return;
    for (const account of accounts) {
      // An account that is not in this memory is read from the ledger when it is needed, and that knows already.
      if (!this.#options.accounts.shared && this.#options.accounts.spentPicos(account) === 0n) continue;
      this.#forget(this.#options.accounts.adjust(account, deltaPicos));
    }
  }

  spentPicos(account: string): bigint {
    return this.#options.accounts.spentPicos(account);
  }

  adopt(account: string, spentPicos: bigint): void {
    this.#options.accounts.adopt(account, spentPicos);
  }

  adoptWindow(account: string, window: TimeWindow, spentPicos: bigint): void {
    const name = windowAccount(account, window.startMs);
    this.#windows.set(account, { ...window, account: name });
    this.#options.accounts.adopt(name, spentPicos);
  }

  knowsWindow(account: string): boolean {
    return this.#options.accounts.shared || this.#windows.has(account);
  }

  adjust(account: string, deltaPicos: bigint): void {
    this.#forget(this.#options.accounts.adjust(account, deltaPicos));
  }

  forget(account: string): void {
    this.#forget(this.#options.accounts.forget(account));
    for (const [name, window] of this.#windows) {
      if (!name.startsWith(windowAccount(account, ''))) continue;
      this.#windows.delete(name);
      this.#forget(this.#options.accounts.forget(window.account));
    }
  }

  setGlobalSpent(picos: bigint, duration: string | null): void {
    this.#options.accounts.adopt(this.#globalAccount(duration), picos, true);
  }

  reservedPicos(): bigint {
    return this.#openPicos;
  }

  #globalAccount(duration: string | null): string {
    return duration === null ? GLOBAL_ACCOUNT : this.#accountNow(claimAccount(GLOBAL_ACCOUNT, duration, null), duration);
  }

  /** Name of the account that counts now. The account of a window that has ended is dropped; calls in flight settle into it all the same. */
  #accountNow(account: string, duration: string | null): string {
    if (duration === null) return account;
    const nowMs = Date.now();
    const open = this.#windows.get(account);
    if (open !== undefined && nowMs < open.endMs) return open.account;
    const window = this.#options.windowOf(duration, nowMs);
    const next = windowAccount(account, window.startMs);
    this.#windows.set(account, { ...window, account: next });
    if (open !== undefined) this.#forget(this.#options.accounts.forget(open.account));
    return next;
  }

  #hold(asked: Asked, reservedPicos: bigint, strict: boolean): BudgetAnswer | Promise<BudgetAnswer> {
    const answer = this.#options.accounts.hold(asked.limits, reservedPicos, strict);
    return answer instanceof Promise ? answer.then((held) => this.#answer(asked, held)) : this.#answer(asked, answer);
  }

  #answer({ claims, limits, counted }: Asked, answer: HoldAnswer): BudgetAnswer {
    if (answer.held) {
      if (counted) this.#openPicos += answer.hold.picos;
      const reservation: HeldReservation = { reservedPicos: answer.hold.picos, hold: answer.hold, counted, open: true };
      return { admitted: true, reservation };
    }
    const maxPicos = limits[answer.refusedBy]?.maxPicos ?? 0n;
    return { admitted: false, claim: claims[answer.refusedBy] ?? null, spentPicos: answer.spentPicos, maxPicos };
  }

  #forget(pending: void | Promise<void>): void {
    if (pending instanceof Promise) pending.catch(this.#options.onError ?? (() => {}));
  }
}
