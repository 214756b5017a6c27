// The one way to Redis: every command has a bound; after a failure nobody waits until a probe has heard from the server again.
import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-connect.ts';
import type { Script } from './redis-scripts.ts';

/** Redis does not answer; the caller decides by itself or refuses. */
export class RedisAway extends Error {
  constructor(cause: unknown) {
    super('Redis does not answer', { cause });
  }
}

export interface GateOptions {
  client: RedisClient;
  /** Longest wait for a command. */
  timeoutMs: number;
  onAway: (reason: unknown) => void;
  /** Runs before anybody else asks again; Redis counts as away until it has resolved. */
  onBack: () => Promise<void>;
}

const PROBE_EVERY_MS = 300;

export class RedisGate {
  readonly #options: GateOptions;
  #away = false;
  #probe: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get away(): boolean {
    return this.#away;
  }

  /** @throws RedisAway at once while Redis is away, or after the bound. */
  async script(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return await this.run((client) => evaluate(client, script, keys, args));
  }

  /** @throws RedisAway as `script`. */
  async run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result> {
    if (this.#away) throw new RedisAway(null);
    try {
      return await this.#bounded(work);
    } catch (error) {
      this.#lose(error);
      throw new RedisAway(error);
    }
  }

  /** For `onBack`: runs although Redis still counts as away. */
  async evenNow(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return await this.#bounded((client) => evaluate(client, script, keys, args));
  }

  close(): void {
    this.#closed = true;
    if (this.#probe !== null) clearTimeout(this.#probe);
  }

  /** The client has a bound of its own for a command; a cluster that looks for its master has none. */
  async #bounded<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), this.#options.timeoutMs * 2);
    });
    try {
      return await Promise.race([work(this.#options.client), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #lose(reason: unknown): void {
    if (this.#away || this.#closed) return;
    this.#away = true;
    this.#options.onAway(reason);
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closed) return;
    this.#probe = setTimeout(() => void this.#ask(), PROBE_EVERY_MS).unref();
  }

  async #ask(): Promise<void> {
    try {
      await this.#bounded((client) => client.ping());
      await this.#options.onBack();
      this.#away = false;
    } catch {
      this.#probeLater();
    }
  }
}

async function evaluate(client: RedisClient, script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
  script.sha ??= createHash('sha1').update(script.lua).digest('hex');
  try {
    return await client.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    return await client.eval(script.lua, keys.length, ...keys, ...args);
  }
}
