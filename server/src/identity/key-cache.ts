// Keys in memory: a bounded cache of found and not-found keys that loads each once for all waiters and goes on when the store is away.
import { AppError } from '#lib/errors.ts';

export interface KeyCacheOptions<Value> {
  /** Asks the store. @throws AppError 503 when it is away. */
  load: (digest: string) => Promise<Value | null>;
  /** Found keys kept at most; default 20,000. */
  maxFound?: number;
  /** Not-found digests kept at most; default 20,000. */
  maxMissing?: number;
  /** How long "there is no such key" is believed; default 10,000. A key created meanwhile is announced by a notification. */
  missingForMs?: number;
  /** A found key is asked for again after this long, behind the back of its callers: the net under the notifications; default 60,000. */
  freshForMs?: number;
  /** Loads at once; beyond it unknown keys get 503, so that guessing cannot crowd out the rest; default 256. */
  maxLoads?: number;
  now?: () => number;
}

interface Found<Value> {
  value: Value;
  /** Asked for again after that. */
  freshUntilMs: number;
  /** A change may have been missed: it serves only while the store is away. */
  distrusted: boolean;
}

interface Load<Value> {
  promise: Promise<Value | null>;
  /** Set when the key was changed while it was being read: the answer may be the old one. */
  changed: boolean;
}

const AWAY_PAUSE_MS = 1_000;

/** Keyed by the full digest of what was presented, never by a part of it. */
export class KeyCache<Value> {
  readonly #options: Required<KeyCacheOptions<Value>>;
  readonly #found = new Map<string, Found<Value>>();
  readonly #missing = new Map<string, number>();
  readonly #loads = new Map<string, Load<Value>>();
  #awayUntilMs = 0;

  constructor(options: KeyCacheOptions<Value>) {
    this.#options = { maxFound: 20_000, maxMissing: 20_000, missingForMs: 10_000, freshForMs: 60_000, maxLoads: 256, now: Date.now, ...options };
  }

  /** The value, null (known not to exist), or undefined (ask with `load`). */
  find(digest: string): Value | null | undefined {
    const nowMs = this.#options.now();
    const found = this.#found.get(digest);
    if (found) {
      const isAway = nowMs < this.#awayUntilMs;
      if (found.distrusted && !isAway) return undefined;
      if (nowMs >= found.freshUntilMs && !isAway) void this.load(digest).catch(() => {});
      this.#found.delete(digest);
      this.#found.set(digest, found);
      return found.value;
    }
    const missingUntilMs = this.#missing.get(digest);
    return missingUntilMs !== undefined && nowMs < missingUntilMs ? null : undefined;
  }

  /** Asks the store once for all who wait. When it is away a key that was known keeps its last value. @throws AppError 503 otherwise. */
  load(digest: string): Promise<Value | null> {
    const running = this.#loads.get(digest);
    if (running) return running.promise;
    if (this.#loads.size >= this.#options.maxLoads) {
      return Promise.reject(
        new AppError('Too many unknown keys are being looked up; try again in a few seconds.', { status: 503, code: 'no_db_connection', retryAfterSeconds: 2 }),
      );
    }
    const load: Load<Value> = { promise: Promise.resolve(null), changed: false };
    load.promise = this.#read(digest, load).finally(() => {
      if (this.#loads.get(digest) === load) this.#loads.delete(digest);
    });
    this.#loads.set(digest, load);
    return load.promise;
  }

  /** The key was changed, created or removed: nothing that is known of it holds any longer. */
  forget(digest: string): void {
    this.#found.delete(digest);
    this.#missing.delete(digest);
    const running = this.#loads.get(digest);
    if (running) running.changed = true;
  }

  /** Keys that fit were changed. What is being read meanwhile is read again: it may fit. */
  forgetWhere(fits: (value: Value) => boolean): void {
    for (const [digest, found] of this.#found) if (fits(found.value)) this.#found.delete(digest);
    for (const load of this.#loads.values()) load.changed = true;
  }

  /** Any key may have changed: all known ones were changed for certain. */
  forgetAll(): void {
    this.#found.clear();
    this.#missing.clear();
    for (const load of this.#loads.values()) load.changed = true;
  }

  /** Notifications may have been missed: ask again before believing, but keep what is known for when the store is away. */
  distrustAll(): void {
    for (const found of this.#found.values()) found.distrusted = true;
    this.#missing.clear();
    for (const load of this.#loads.values()) load.changed = true;
  }

  /** Found keys in memory. */
  get size(): number {
    return this.#found.size;
  }

  async #read(digest: string, load: Load<Value>): Promise<Value | null> {
    for (;;) {
      load.changed = false;
      let value: Value | null;
      try {
        value = await this.#options.load(digest);
      } catch (error) {
        const known = this.#found.get(digest);
        if (!known || !(error instanceof AppError) || error.status !== 503) throw error;
        // Nobody waits for a store that is away more than once a second.
        this.#awayUntilMs = this.#options.now() + AWAY_PAUSE_MS;
        return known.value;
      }
      if (load.changed) continue;
      this.#keep(digest, value);
      return value;
    }
  }

  #keep(digest: string, value: Value | null): void {
    const nowMs = this.#options.now();
    this.#found.delete(digest);
    this.#missing.delete(digest);
    if (value === null) {
      this.#missing.set(digest, nowMs + this.#options.missingForMs);
      dropOldest(this.#missing, this.#options.maxMissing);
    } else {
      this.#found.set(digest, { value, freshUntilMs: nowMs + this.#options.freshForMs, distrusted: false });
      dropOldest(this.#found, this.#options.maxFound);
    }
  }
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
