// The one connection that keeps session state: LISTEN on any number of channels, reconnecting by itself and saying so.
import pg from 'pg';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

interface Subscription {
  channel: string;
  handler: (payload: string) => void;
  onGap: () => void;
}

/** LISTEN over a connection of its own. */
export interface Listener {
  /** Resolves after the first attempt to listen, whether it succeeded or not; `onGap` runs whenever messages may have been missed. */
  subscribe(subscription: Subscription): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Makes a listener that connects on the first subscription. `onError` hears about each lost connection. */
export function createListener(config: pg.ClientConfig, onError: (error: Error) => void, client: typeof pg.Client = pg.Client): Listener {
  return new PostgresListener(config, onError, client);
}

class PostgresListener implements Listener {
  readonly #config: pg.ClientConfig;
  readonly #clientClass: typeof pg.Client;
  readonly #onError: (error: Error) => void;
  readonly #subscriptions = new Set<Subscription>();
  #client: pg.Client | null = null;
  #connecting: Promise<void> | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  /** Messages may have been missed since the last time all subscribers heard of it. */
  #gap = false;
  #closed = false;

  constructor(config: pg.ClientConfig, onError: (error: Error) => void, client: typeof pg.Client) {
    this.#config = config;
    this.#clientClass = client;
    this.#onError = onError;
  }

  async subscribe(subscription: Subscription): Promise<() => Promise<void>> {
    if (!/^[a-z_][a-z0-9_]*$/.test(subscription.channel)) throw new RangeError('a channel is lower-case letters, digits and underscores');
    this.#subscriptions.add(subscription);
    await this.#connecting;
    if (this.#client) await this.#client.query(`LISTEN ${subscription.channel}`).catch((error: Error) => this.#lost(error));
    else await this.#connect();
    return async () => {
      this.#subscriptions.delete(subscription);
      const others = [...this.#subscriptions].some((other) => other.channel === subscription.channel);
      if (!others) await this.#client?.query(`UNLISTEN ${subscription.channel}`).catch((error: Error) => this.#lost(error));
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    await this.#connecting;
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #open(): Promise<void> {
    if (this.#closed) return;
    const client = new this.#clientClass(this.#config);
    client.on('error', (error) => this.#lost(error, client));
    client.on('end', () => this.#lost(new Error('Connection terminated: LISTEN'), client));
    client.on('notification', (message) => this.#deliver(message));
    try {
      await client.connect();
      const channels = new Set([...this.#subscriptions].map((subscription) => subscription.channel));
      for (const channel of channels) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      client.end().catch(() => {});
      this.#onError(error as Error);
      this.#scheduleRetry();
      return;
    }
    this.#client = client;
    this.#retryMs = FIRST_RETRY_MS;
    if (!this.#gap) return;
    this.#gap = false;
    for (const subscription of this.#subscriptions) subscription.onGap();
  }

  #deliver(message: pg.Notification): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.channel === message.channel) subscription.handler(message.payload ?? '');
    }
  }

  #lost(error: Error, client: pg.Client | null = this.#client): void {
    if (this.#closed || client === null || this.#client !== client) return;
    this.#client = null;
    client.end().catch(() => {});
    this.#onError(error);
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    this.#gap = true;
    if (this.#closed || this.#retryTimer) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      void this.#connect();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}
