// Budgets in memory: what is spent and what is reserved by calls in flight, for each key and for the whole gateway. Whole picos, synchronous, no store on the way.
import type { BudgetAnswer, Budgets, Reservation } from '#gateway/ports.ts';

interface Account {
  spentPicos: bigint;
  reservedPicos: bigint;
}

/** A reservation as it lies in the accounts; `open` makes a second settlement a no-op. */
interface HeldReservation extends Reservation {
  readonly accounts: readonly Account[];
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
  /** For metrics: reservations of all calls in flight, in picos. */
  reservedPicos(): bigint;
}

/**
 * Admits when spend + reserved < max for the key's budget and for the gateway's (`max` 0 admits nobody; null = no budget); strict also
 * demands spend + reserved + this <= max. So the overshoot is at most the last admitted call's own cost plus what calls in flight cost
 * beyond their reservations.
 * @param globalMaxPicos the configuration's max_budget now; null = none.
 */
export function createBudgets(globalMaxPicos: () => bigint | null): BudgetBook {
  const keys = new Map<string, Account>();
  const everybody: Account = { spentPicos: 0n, reservedPicos: 0n };

  function accountOf(keyId: string): Account {
    let account = keys.get(keyId);
    if (account === undefined) {
      account = { spentPicos: 0n, reservedPicos: 0n };
      keys.set(keyId, account);
    }
    return account;
  }

  return {
    reserve(key, reservedPicos, strict): BudgetAnswer {
      const globalMax = globalMaxPicos();
      if (globalMax !== null && !hasRoom(everybody, globalMax, reservedPicos, strict)) return refusal('Global', everybody, globalMax);
      const account = key === null ? null : accountOf(key.id);
      if (account !== null && key !== null) {
        const max = key.maxBudgetPicos;
        if (max !== null && !hasRoom(account, max, reservedPicos, strict)) return refusal('Key', account, max);
        account.reservedPicos += reservedPicos;
      }
      everybody.reservedPicos += reservedPicos;
      const reservation: HeldReservation = { reservedPicos, accounts: account === null ? [everybody] : [everybody, account], open: true };
      return { admitted: true, reservation };
    },
    settle(reservation, actualPicos) {
      const held = reservation as HeldReservation;
      if (!held.open) return;
      held.open = false;
      for (const account of held.accounts) {
        account.reservedPicos -= held.reservedPicos;
        account.spentPicos += actualPicos;
      }
    },
    spentPicos: (keyId) => keys.get(keyId)?.spentPicos ?? 0n,
    adopt(keyId, spentPicos) {
      if (!keys.has(keyId)) keys.set(keyId, { spentPicos, reservedPicos: 0n });
    },
    adjust(keyId, deltaPicos) {
      const account = accountOf(keyId);
      const adjusted = account.spentPicos + deltaPicos;
      account.spentPicos = adjusted > 0n ? adjusted : 0n;
    },
    forget: (keyId) => void keys.delete(keyId),
    setGlobalSpent(picos) {
      everybody.spentPicos = picos;
    },
    reservedPicos: () => everybody.reservedPicos,
  };
}

function hasRoom(account: Account, maxPicos: bigint, reservedPicos: bigint, strict: boolean): boolean {
  const taken = account.spentPicos + account.reservedPicos;
  return taken < maxPicos && (!strict || taken + reservedPicos <= maxPicos);
}

function refusal(whose: string, account: Account, maxPicos: bigint): BudgetAnswer {
  return { admitted: false, whose, spentPicos: account.spentPicos, maxPicos };
}
