// Money accounts of one process, in memory: whole picos, synchronous, no store on the way.
import type { AccountLimit, Accounts, Hold, HoldAnswer } from './port.ts';

interface Account {
  spentPicos: bigint;
  heldPicos: bigint;
}

/** A hold as it lies in the accounts; `open` makes a second settlement a no-op. */
interface OpenHold extends Hold {
  readonly accounts: readonly Account[];
  open: boolean;
}

export class MemoryAccounts implements Accounts {
  readonly shared = false;
  readonly #accounts = new Map<string, Account>();

  hold(limits: readonly AccountLimit[], picos: bigint, strict: boolean): HoldAnswer {
    const accounts: Account[] = [];
    for (let index = 0; index < limits.length; index++) {
      const { key, maxPicos } = limits[index] as AccountLimit;
      const account = this.#account(key);
      if (maxPicos !== null && !hasRoom(account, maxPicos, picos, strict)) return { held: false, refusedBy: index, spentPicos: account.spentPicos };
      accounts.push(account);
    }
    for (const account of accounts) account.heldPicos += picos;
    const hold: OpenHold = { picos, accounts, open: true };
    return { held: true, hold };
  }

  settle(hold: Hold, actualPicos: bigint): void {
    const open = hold as OpenHold;
    if (!open.open) return;
    open.open = false;
    for (const account of open.accounts) {
      account.heldPicos -= open.picos;
      account.spentPicos += actualPicos;
    }
  }

  spentPicos(key: string): bigint {
    return this.#accounts.get(key)?.spentPicos ?? 0n;
  }

  heldPicos(key: string): bigint {
    return this.#accounts.get(key)?.heldPicos ?? 0n;
  }

  adopt(key: string, spentPicos: bigint, replace = false): void {
    if (!this.#accounts.has(key)) this.#accounts.set(key, { spentPicos, heldPicos: 0n });
    else if (replace) this.#account(key).spentPicos = spentPicos;
  }

  adjust(key: string, deltaPicos: bigint): void {
    const account = this.#account(key);
    const adjusted = account.spentPicos + deltaPicos;
    account.spentPicos = adjusted > 0n ? adjusted : 0n;
  }

  forget(key: string): void {
    this.#accounts.delete(key);
  }

  /** Forgets every account; holds that are open settle into nothing. */
  clear(): void {
    this.#accounts.clear();
  }

  #account(key: string): Account {
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { spentPicos: 0n, heldPicos: 0n };
      this.#accounts.set(key, account);
    }
    return account;
  }
}

function hasRoom(account: Account, maxPicos: bigint, picos: bigint, strict: boolean): boolean {
  const taken = account.spentPicos + account.heldPicos;
  return taken < maxPicos && (!strict || taken + picos <= maxPicos);
}
