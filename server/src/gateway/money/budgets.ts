// Budgets as the data plane asks for them: which accounts govern a call, and what they answer. The amounts lie in the coordination store.
import type { BudgetAnswer, Budgets, Reservation } from '#gateway/ports.ts';
import type { AccountLimit, Accounts, Hold, HoldAnswer } from '#stores/coordination/port.ts';

/** A reservation as it lies in the accounts; `open` makes a second settlement a no-op. */
interface HeldReservation extends Reservation {
  readonly hold: Hold;
  open: boolean;
}

/** Budgets as the data plane sees them, and how the rest of the house keeps them true. */
export interface BudgetBook extends Budgets {
  /** Makes a key's stored spend known, once: an account that already exists is kept, because it holds newer calls. */
  adopt(keyId: string, spentPicos: bigint): void;
  /** Adds to a key's spend (negative: takes away), by as much as the stored spend was changed; an account is stored spend plus what is on its way there. */
  adjust(keyId: string, deltaPicos: bigint): void;
  /** Drops a deleted key's account. */
  forget(keyId: string): void;
  /** Sets the spend of the whole gateway so far. */
  setGlobalSpent(picos: bigint): void;
  /** For metrics: reservations of this process's calls in flight, in picos. */
  reservedPicos(): bigint;
}

export interface BudgetOptions {
  accounts: Accounts;
  /** The configuration's max_budget now; null = none. */
  globalMaxPicos: () => bigint | null;
  /** An amount could not be written to the shared accounts. */
  onError?: (error: unknown) => void;
}

/** The account of the whole gateway; a key's is `key:<id>`. */
export const GLOBAL_ACCOUNT = 'global';
const keyAccount = (keyId: string): string => `key:${keyId}`;

/**
 * Admits when spend + reserved < max for the key's budget and for the gateway's (`max` 0 admits nobody; null = no budget); strict also
 * demands spend + reserved + this <= max. So the overshoot is at most the last admitted call's own cost plus what calls in flight cost
 * beyond their reservations.
 */
export function createBudgets({ accounts, globalMaxPicos, onError = () => {} }: BudgetOptions): BudgetBook {
  let openPicos = 0n;

  const forget = (pending: void | Promise<void>): void => {
    if (pending instanceof Promise) pending.catch(onError);
  };
  const answerOf = (limits: readonly AccountLimit[], answer: HoldAnswer): BudgetAnswer => {
    if (answer.held) {
      openPicos += answer.hold.picos;
      const reservation: HeldReservation = { reservedPicos: answer.hold.picos, hold: answer.hold, open: true };
      return { admitted: true, reservation };
    }
    const { key, maxPicos } = limits[answer.refusedBy] as AccountLimit;
    return { admitted: false, whose: key === GLOBAL_ACCOUNT ? 'Global' : 'Key', spentPicos: answer.spentPicos, maxPicos: maxPicos ?? 0n };
  };

  return {
    reserve(key, reservedPicos, strict) {
      const globalMax = globalMaxPicos();
      const limits: AccountLimit[] = [];
      if (globalMax !== null) limits.push({ key: GLOBAL_ACCOUNT, maxPicos: globalMax });
      if (key !== null) limits.push({ key: keyAccount(key.id), maxPicos: key.maxBudgetPicos });
      const answer = accounts.hold(limits, reservedPicos, strict);
      return answer instanceof Promise ? answer.then((held) => answerOf(limits, held)) : answerOf(limits, answer);
    },
    settle(reservation, actualPicos) {
      const held = reservation as HeldReservation;
      if (!held.open) return;
      held.open = false;
      openPicos -= held.reservedPicos;
      forget(accounts.settle(held.hold, actualPicos));
    },
    spentPicos: (keyId) => accounts.spentPicos(keyAccount(keyId)),
    adopt: (keyId, spentPicos) => accounts.adopt(keyAccount(keyId), spentPicos),
    adjust: (keyId, deltaPicos) => forget(accounts.adjust(keyAccount(keyId), deltaPicos)),
    forget: (keyId) => forget(accounts.forget(keyAccount(keyId))),
    setGlobalSpent: (picos) => accounts.adopt(GLOBAL_ACCOUNT, picos, true),
    reservedPicos: () => openPicos,
  };
}
