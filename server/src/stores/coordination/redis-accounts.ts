// Money accounts shared through Redis. Holds are kept as one sum a process with a lease, so a process that dies leaves no hold behind for ever.
import { MemoryAccounts } from './memory-accounts.ts';
import type { AccountLimit, Accounts, Hold, HoldAnswer } from './port.ts';
import { fromPair, toPair } from './redis-amounts.ts';
import { RedisAway, type RedisGate } from './redis-gate.ts';
import { ADOPT, HOLD, SETTLE, SYNC } from './redis-scripts.ts';

export interface RedisAccountsOptions {
  gate: RedisGate;
  prefix: string;
  /** Name of this process among those that share the accounts. */
  process: string;
  /** What the records say was spent; asked once for an account that Redis does not know. @throws AppError 503 when the records are away. */
  storedSpend: (key: string) => Promise<bigint>;
  /** While Redis is away: null = decide alone, else what to throw. */
  refusal: () => Error | null;
  /** Processes that share the accounts, as last heard. */
  processes: () => number;
  nowMs: () => number;
  /** How long a silent process's holds are believed. */
  leaseMs: number;
}

interface Known {
  spentPicos: bigint;
  heldPicos: bigint;
}

interface OpenHold extends Hold {
  /** Accounts with a maximum: held in Redis. */
  readonly held: readonly string[];
  /** Accounts that are only counted. */
  readonly counted: readonly string[];
  /** Taken while Redis was away. */
  readonly alone: Hold | null;
  open: boolean;
}

/** An account that nobody used for so long is read from the records again: whatever went wrong in between heals. */
const IDLE_MS = 600_000;
const MAX_KNOWN = 20_000;

export class RedisAccounts implements Accounts {
  readonly shared = true;
  readonly #options: RedisAccountsOptions;
  readonly #known = new Map<string, Known>();
  readonly #loads = new Map<string, Promise<void>>();
  /** What this process holds in each account, commands on their way included. */
  readonly #mine = new Map<string, bigint>();
  /** Spent while nobody could be told. */
  readonly #unheard = new Map<string, bigint>();
  readonly #aloneAccounts = new MemoryAccounts();
  readonly #shares = new Map<string, { max: bigint; share: bigint }>();
  #news = 0;

  constructor(options: RedisAccountsOptions) {
    this.#options = options;
  }

  hold(limits: readonly AccountLimit[], picos: bigint, strict: boolean): HoldAnswer | Promise<HoldAnswer> {
    const limited = limits.filter((limit) => limit.maxPicos !== null);
    const counted = limits.filter((limit) => limit.maxPicos === null).map(({ key }) => key);
    for (const key of counted) if (!this.#known.has(key)) void this.#load(key).catch(() => {});
    if (limited.length === 0) return { held: true, hold: openHold(picos, [], counted) };
    return this.#holdAll(limits, { picos, strict, counted });
  }

  settle(hold: Hold, actualPicos: bigint): void | Promise<void> {
    const open = hold as OpenHold;
    if (!open.open) return;
    open.open = false;
    if (open.alone !== null) this.#aloneAccounts.settle(open.alone, actualPicos);
    const held = open.alone === null ? open.held : [];
    const others = open.alone === null ? open.counted : [...open.held, ...open.counted];
    return Promise.all([
      ...held.map((key) => this.#settleOne(key, open.picos, actualPicos)),
      ...others.map((key) => this.#settleOne(key, 0n, actualPicos)),
    ]).then(() => undefined);
  }

  spentPicos(key: string): bigint {
    return (this.#known.get(key)?.spentPicos ?? 0n) + (this.#unheard.get(key) ?? 0n);
  }

  adopt(): void {
    // Shared accounts are read from the records when they are first needed: another process may know newer calls.
  }

  adjust(key: string, deltaPicos: bigint): Promise<void> {
    return this.#settleOne(key, 0n, deltaPicos);
  }

  async forget(key: string): Promise<void> {
    this.#known.delete(key);
    await this.#options.gate.run((client) => client.del(this.#name(key))).catch(ignoreAway);
  }

  /** Renews the leases of what this process holds. @throws RedisAway. */
  async renew(): Promise<void> {
    for (const key of this.#mine.keys()) await this.#sync(key, false);
  }

  /** Redis is away from now on: every account with a maximum gets this process's share of what is left. */
  beginAlone(): void {
    this.#aloneAccounts.clear();
    this.#shares.clear();
  }

  /** Redis is back: tells what was spent and what is held. @throws when it is away again. */
  async endAlone(): Promise<void> {
    for (const key of new Set([...this.#mine.keys(), ...this.#unheard.keys()])) await this.#sync(key, true);
  }

  async #holdAll(limits: readonly AccountLimit[], asked: { picos: bigint; strict: boolean; counted: readonly string[] }): Promise<HoldAnswer> {
    const { picos, strict, counted } = asked;
    const limited = [...limits.entries()].filter(([, { maxPicos }]) => maxPicos !== null);
    const answers = await Promise.allSettled(limited.map(([, { key, maxPicos }]) => this.#holdOne(key, picos, { max: maxPicos as bigint, strict })));
    const held = limited.filter((_, place) => isHeld(answers[place])).map(([, { key }]) => key);
    if (held.length === limited.length) return { held: true, hold: openHold(picos, held, counted) };
    // All or none.
    await Promise.all(held.map((key) => this.#settleOne(key, picos, 0n)));
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (failure !== undefined) {
      if (!(failure.reason instanceof RedisAway)) throw failure.reason;
      return await this.#holdAlone(limits, asked);
    }
    const refused = answers.findIndex((answer) => !isHeld(answer));
    return { held: false, refusedBy: limited[refused]?.[0] as number, spentPicos: (answers[refused] as PromiseFulfilledResult<bigint>).value };
  }

  /** Null when it is held, else what was spent. @throws RedisAway. */
  async #holdOne(key: string, picos: bigint, limit: { max: bigint; strict: boolean }): Promise<bigint | null> {
    this.#change(key, picos);
    try {
      const args = [toPair(picos), toPair(limit.max), limit.strict ? '1' : '0'];
      const answer = await this.#command(HOLD, key, args);
      if (answer.status !== 1) this.#change(key, -picos);
      return answer.status === 1 ? null : answer.known.spentPicos;
    } catch (error) {
      // Whether Redis held it is unknown: the next `sync` says what this process really holds.
      this.#change(key, -picos);
      throw error;
    }
  }

  async #settleOne(key: string, releasedPicos: bigint, actualPicos: bigint): Promise<void> {
    this.#change(key, -releasedPicos);
    try {
      await this.#loads.get(key);
      const answer = read(await this.#options.gate.script(SETTLE, [this.#name(key)], this.#args([toPair(releasedPicos), toPair(actualPicos)])));
      if (answer !== null) this.#learn(key, answer.known);
    } catch (error) {
      if (!(error instanceof RedisAway)) throw error;
      if (actualPicos !== 0n) this.#unheard.set(key, (this.#unheard.get(key) ?? 0n) + actualPicos);
    }
  }

  /** Says what this process holds and what it spent unheard, which counts once however often it is said. @throws RedisAway or what Redis says. */
  async #sync(key: string, evenNow: boolean): Promise<void> {
    const unheard = this.#unheard.get(key) ?? 0n;
    const args = this.#args([toPair(this.#mine.get(key) ?? 0n), toPair(unheard), String(++this.#news)]);
    const { gate } = this.#options;
    const answer = read(await (evenNow ? gate.evenNow(SYNC, [this.#name(key)], args) : gate.script(SYNC, [this.#name(key)], args)));
    const left = (this.#unheard.get(key) ?? 0n) - unheard;
    // An account that Redis lost is read from the records, which have heard of everything that was settled.
    if (left === 0n || answer === null) this.#unheard.delete(key);
    else this.#unheard.set(key, left);
    if (answer !== null) this.#learn(key, answer.known);
  }

  async #holdAlone(limits: readonly AccountLimit[], asked: { picos: bigint; strict: boolean; counted: readonly string[] }): Promise<HoldAnswer> {
    const refusal = this.#options.refusal();
    if (refusal !== null) throw refusal;
    const shares: AccountLimit[] = [];
    for (const { key, maxPicos } of limits) shares.push({ key, maxPicos: maxPicos === null ? null : await this.#share(key, maxPicos) });
    const answer = this.#aloneAccounts.hold(shares, asked.picos, asked.strict);
    if (!answer.held) {
      const key = limits[answer.refusedBy]?.key ?? '';
      return { ...answer, spentPicos: this.spentPicos(key) };
    }
    const held = limits.filter(({ maxPicos }) => maxPicos !== null).map(({ key }) => key);
    return { held: true, hold: openHold(asked.picos, held, asked.counted, answer.hold) };
  }

  /** This process's part of what was left when Redis was last heard: all parts together are what was left. */
  async #share(key: string, max: bigint): Promise<bigint> {
    const given = this.#shares.get(key);
    if (given?.max === max) return given.share;
    const known = this.#known.get(key) ?? { spentPicos: await this.#options.storedSpend(key), heldPicos: 0n };
    const left = max - known.spentPicos - known.heldPicos;
    const processes = BigInt(Math.max(1, this.#options.processes()));
    const share = left <= 0n ? 0n : (left + processes - 1n) / processes;
    this.#shares.set(key, { max, share });
    return share;
  }

  /** A command on an account, which is made known first when Redis does not know it. */
  async #command(script: typeof HOLD, key: string, args: readonly string[]): Promise<{ status: number; known: Known }> {
    for (let tries = 0; tries < 3; tries++) {
      const answer = read(await this.#options.gate.script(script, [this.#name(key)], this.#args(args)));
      if (answer === null) {
        await this.#load(key);
        continue;
      }
      this.#learn(key, answer.known);
      return answer;
    }
    throw new RedisAway(new Error('Redis forgets accounts as soon as they are made: it has no memory left'));
  }

  #load(key: string): Promise<void> {
    const running = this.#loads.get(key);
    if (running !== undefined) return running;
    const load = this.#adoptStored(key).finally(() => this.#loads.delete(key));
    this.#loads.set(key, load);
    return load;
  }

  async #adoptStored(key: string): Promise<void> {
    const stored = await this.#options.storedSpend(key);
    const spent = await this.#options.gate.script(ADOPT, [this.#name(key)], [toPair(stored), IDLE_MS]);
    this.#learn(key, { spentPicos: fromPair(String(spent)), heldPicos: 0n });
  }

  #args(args: readonly string[]): string[] {
    const { nowMs, process, leaseMs } = this.#options;
    return [String(Math.round(nowMs())), process, String(leaseMs), String(Math.max(IDLE_MS, 2 * leaseMs)), ...args];
  }

  #change(key: string, picos: bigint): void {
    const mine = (this.#mine.get(key) ?? 0n) + picos;
    if (mine === 0n) this.#mine.delete(key);
    else this.#mine.set(key, mine);
  }

  #learn(key: string, known: Known): void {
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  #name(key: string): string {
    return `${this.#options.prefix}account:{${key}}`;
  }
}

function isHeld(answer: PromiseSettledResult<bigint | null> | undefined): boolean {
  return answer?.status === 'fulfilled' && answer.value === null;
}

function openHold(picos: bigint, held: readonly string[], counted: readonly string[], alone: Hold | null = null): OpenHold {
  return { picos, held, counted, alone, open: true };
}

/** Null when the account is unknown. */
function read(answer: unknown): { status: number; known: Known } | null {
  const [status, spent, held] = answer as [number, string, string];
  return status === -1 ? null : { status, known: { spentPicos: fromPair(spent), heldPicos: fromPair(held) } };
}

function ignoreAway(error: unknown): void {
  if (!(error instanceof RedisAway)) throw error;
}
