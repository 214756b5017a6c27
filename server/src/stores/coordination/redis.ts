// Coordination on Redis or Valkey: standalone, cluster or Sentinel. While it is away each process decides by itself within a stated share, or refuses; it never hangs.
import { randomBytes } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import type { Coordination, CoordinationState, Taken, WindowLimit } from './port.ts';
import { RedisAccounts } from './redis-accounts.ts';
import { AloneWindows } from './redis-alone.ts';
import { connectRedis, type RedisClient } from './redis-connect.ts';
import { RedisAway, RedisGate } from './redis-gate.ts';
import { RedisNews } from './redis-news.ts';
import { BEAT, ENTER, TAKE } from './redis-scripts.ts';
import { RedisValues } from './redis-values.ts';
import { RedisWhispers } from './redis-whispers.ts';

export interface RedisOptions {
  /** As redis-connect.ts reads it. */
  url: string;
  /** What the records say was spent in an account. */
  storedSpend: (account: string) => Promise<bigint>;
  /** While Redis is away: `alone` = each process admits its share (limit / processes), `refuse` = limited calls get 503. */
  whenAway: 'alone' | 'refuse';
  onAway?: (reason: unknown) => void;
  onBack?: () => void;
  /** PEM texts of certificate authorities that are trusted in addition (rediss:// only). */
  authorities?: readonly string[];
  /** Every key begins with it; several platforms may share a server. */
  prefix?: string;
  /** Longest wait for a command. */
  timeoutMs?: number;
  /** How long the holds of a process that fell silent are believed. */
  leaseMs?: number;
  /** False takes the caller's clock as it is; true (default) counts in Redis's time, so that clocks of machines need not agree. */
  redisClock?: boolean;
  beatMs?: number;
}

const TIMEOUT_MS = 250;
const LEASE_MS = 120_000;
const BEAT_MS = 2_000;
/** A process that said nothing for so many beats is no longer waited for. */
const SILENT_BEATS = 3;
const START_PATIENCE_MS = 5_000;
const MAX_LEAVES = 10_000;

/** Connects. @throws AppError when the address is none or nobody answers there. */
export async function openRedisCoordination(options: RedisOptions): Promise<Coordination> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const connect = (): Promise<RedisClient> => connectRedis(options.url, { timeoutMs, patienceMs: START_PATIENCE_MS, authorities: options.authorities ?? [] });
  const client = await connect();
  const subscriber = await connect().catch((error: unknown) => {
    client.disconnect();
    throw error;
  });
  const coordination = new RedisCoordination(options, client, subscriber);
  try {
    await coordination.begin();
    return coordination;
  } catch (error) {
    await coordination.close();
    throw error;
  }
}

class RedisCoordination implements Coordination {
  readonly accounts: RedisAccounts;
  readonly news: RedisNews;
  readonly whispers: RedisWhispers;
  readonly values: RedisValues;
  readonly #options: RedisOptions;
  readonly #client: RedisClient;
  readonly #gate: RedisGate;
  readonly #alone = new AloneWindows();
  readonly #process = randomBytes(8).toString('hex');
  readonly #prefix: string;
  readonly #beatMs: number;
  /** Places left while Redis was away. */
  #leaves: [string, string][] = [];
  #processes = 1;
  #ahead = 0;
  #beat: NodeJS.Timeout | null = null;
  #renewAtMs = 0;
  #closed = false;

  constructor(options: RedisOptions, client: RedisClient, subscriber: RedisClient) {
    this.#options = options;
    this.#client = client;
    this.#prefix = options.prefix ?? 'genai:';
    this.#beatMs = options.beatMs ?? BEAT_MS;
    this.#gate = new RedisGate({
      client,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      onAway: (reason) => {
        this.accounts.beginAlone();
        options.onAway?.(reason);
      },
      onBack: () => this.#back(),
    });
    const leaseMs = options.leaseMs ?? LEASE_MS;
    this.accounts = new RedisAccounts({
      gate: this.#gate,
      prefix: this.#prefix,
      process: this.#process,
      storedSpend: options.storedSpend,
      refusal: () => (options.whenAway === 'refuse' ? refusal() : null),
      processes: () => this.#processes,
      nowMs: () => this.#now(Date.now()),
      leaseMs,
    });
    this.values = new RedisValues(this.#gate, this.#prefix);
    this.whispers = new RedisWhispers({ gate: this.#gate, subscriber, prefix: this.#prefix, timeoutMs: START_PATIENCE_MS });
    this.news = new RedisNews({
      gate: this.#gate,
      subscriber,
      prefix: this.#prefix,
      process: this.#process,
      processes: () => this.#sayAlive(),
      patienceMs: (SILENT_BEATS + 1) * this.#beatMs,
    });
  }

  async begin(): Promise<void> {
    await this.news.open();
    await this.#sayAlive();
    this.#beatLater();
  }

  async take(limits: readonly WindowLimit[], nowMs: number): Promise<Taken> {
    const atMs = this.#now(nowMs);
    try {
      return 'nodes' in this.#client ? await this.#takeByOwner(limits, atMs) : await this.#takeTogether(limits, atMs);
    } catch (error) {
      this.#mayDecideAlone(error);
      return this.#alone.take(limits, nowMs);
    }
  }

  async add(key: string, windowMs: number, cost: number, nowMs: number): Promise<void> {
    const name = this.#window({ key, windowMs }, this.#now(nowMs));
    // Unlimited: nothing is ever refused after the fact.
    await this.#gate.script(TAKE, [name], [-1, cost, 2 * windowMs]).catch((error: unknown) => {
      if (!(error instanceof RedisAway)) throw error;
      this.#alone.add(key, windowMs, cost, nowMs);
    });
  }

  // biome-ignore lint/complexity/useMaxParams: the port's form
  async enter(key: string, max: number, holder: string, leaseMs: number, nowMs: number): Promise<boolean> {
    try {
      return (await this.#gate.script(ENTER, [this.#places(key)], [max, holder, leaseMs, this.#now(nowMs)])) === 1;
    } catch (error) {
      this.#mayDecideAlone(error);
      return this.#alone.enter(key, max, holder, leaseMs, nowMs);
    }
  }

  async leave(key: string, holder: string): Promise<void> {
    this.#alone.leave(key, holder);
    await this.#gate
      .run((client) => client.zrem(this.#places(key), holder))
      .catch((error: unknown) => {
        if (!(error instanceof RedisAway)) throw error;
        if (this.#leaves.length < MAX_LEAVES) this.#leaves.push([key, holder]);
      });
  }

  state(): CoordinationState {
    return { kind: 'redis', away: this.#gate.away, processes: this.#processes };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#beat !== null) clearTimeout(this.#beat);
    await this.#gate.run((client) => client.zrem(this.#alive, this.#process)).catch(() => {});
    this.#gate.close();
    this.news.close();
    this.#client.disconnect();
    await this.#alone.close();
  }

  async #takeTogether(limits: readonly WindowLimit[], nowMs: number): Promise<Taken> {
    if (limits.length === 0) return { allowed: true, used: [], resetAtMs: nowMs };
    const names = limits.map((limit) => this.#window(limit, nowMs));
    const args = limits.flatMap(({ max, cost, windowMs }) => [max, cost, 2 * windowMs]);
    const [refused, ...used] = (await this.#gate.script(TAKE, names, args)) as number[];
    const deciding = limits[Math.max(refused ?? -1, 0)] as WindowLimit;
    const resetAtMs = (Math.floor(nowMs / deciding.windowMs) + 1) * deciding.windowMs;
    return refused === -1 ? { allowed: true, used, resetAtMs } : { allowed: false, refusedBy: refused as number, used, resetAtMs };
  }

  /** Keys of several owners lie on several machines: owner by owner, and what was taken is given back when a later one refuses. */
  async #takeByOwner(limits: readonly WindowLimit[], nowMs: number): Promise<Taken> {
    const used = new Array<number>(limits.length).fill(0);
    const groups = Map.groupBy(limits.keys(), (index) => ownerOf((limits[index] as WindowLimit).key));
    const done: number[] = [];
    let first: Taken | null = null;
    for (const indexes of groups.values()) {
      const taken = await this.#takeTogether(
        indexes.map((index) => limits[index] as WindowLimit),
        nowMs,
      );
      first ??= taken;
      for (const [place, index] of indexes.entries()) used[index] = taken.used[place] as number;
      if (taken.allowed) {
        done.push(...indexes);
        continue;
      }
      for (const index of done) {
        const { key, windowMs, cost } = limits[index] as WindowLimit;
        used[index] = (used[index] as number) - cost;
        await this.#gate.script(TAKE, [this.#window({ key, windowMs }, nowMs)], [-1, -cost, 2 * windowMs]);
      }
      return { ...taken, used, refusedBy: indexes[taken.refusedBy as number] as number };
    }
    return { allowed: true, used, resetAtMs: first?.resetAtMs ?? nowMs };
  }

  /** @throws when the error is not Redis being away, or when nobody may be admitted without Redis. */
  #mayDecideAlone(error: unknown): void {
    if (!(error instanceof RedisAway)) throw error;
    if (this.#options.whenAway === 'refuse') throw refusal();
  }

  /** The caller's time by Redis's clock. */
  #now(nowMs: number): number {
    return this.#options.redisClock === false ? nowMs : nowMs + this.#ahead;
  }

  #beatLater(): void {
    if (this.#closed) return;
    this.#beat = setTimeout(() => {
      void this.#heartbeat().finally(() => this.#beatLater());
    }, this.#beatMs).unref();
  }

  async #heartbeat(): Promise<void> {
    try {
      await this.#sayAlive();
      await this.news.check();
      if (Date.now() < this.#renewAtMs) return;
      this.#renewAtMs = Date.now() + (this.#options.leaseMs ?? LEASE_MS) / 3;
      await this.accounts.renew();
    } catch (error) {
      if (!(error instanceof RedisAway)) throw error;
    }
  }

  async #sayAlive(): Promise<readonly string[]> {
    const askedAtMs = Date.now();
    const answer = (await this.#gate.script(BEAT, [this.#alive], [this.#process, SILENT_BEATS * this.#beatMs])) as string[];
    this.#ahead = Math.round(Number(answer[0]) - (askedAtMs + Date.now()) / 2);
    const processes = answer.slice(1);
    this.#processes = Math.max(1, processes.length);
    this.#alone.heardProcesses(this.#processes, Date.now());
    return processes;
  }

  async #back(): Promise<void> {
    const leaves = this.#leaves;
    for (const [key, holder] of leaves) await this.#client.zrem(this.#places(key), holder);
    this.#leaves = this.#leaves.slice(leaves.length);
    for (const owed of this.#alone.owed(Date.now())) {
      const { key, windowMs, atMs, used } = owed;
      await this.#gate.evenNow(TAKE, [this.#window({ key, windowMs }, this.#now(atMs))], [-1, used, 2 * windowMs]);
      this.#alone.told(owed);
    }
    await this.accounts.endAlone();
    this.#options.onBack?.();
  }

  #window({ key, windowMs }: { key: string; windowMs: number }, nowMs: number): string {
    return `${this.#prefix}window:${windowMs}:${Math.floor(nowMs / windowMs)}:${key}`;
  }

  #places(key: string): string {
    return `${this.#prefix}places:${key}`;
  }

  get #alive(): string {
    return `${this.#prefix}processes`;
  }
}

/** The part in braces, as Redis Cluster reads it; else the whole key. */
function ownerOf(key: string): string {
  return /\{([^}]+)\}/.exec(key)?.[1] ?? key;
}

function refusal(): AppError {
  return new AppError('Limits and budgets cannot be checked for a moment: Redis does not answer. Try again in a few seconds.', {
    status: 503,
    code: 'coordination_away',
    retryAfterSeconds: 2,
  });
}
