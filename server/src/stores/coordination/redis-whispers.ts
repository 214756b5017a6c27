// Whispers through Redis pub/sub, a channel a topic: only who attends is sent anything.
import { AppError } from '#lib/errors.ts';
import { Listeners } from './listeners.ts';
import type { Whispers } from './port.ts';
import type { RedisClient } from './redis-connect.ts';
import { RedisAway, type RedisGate } from './redis-gate.ts';

export interface RedisWhispersOptions {
  gate: RedisGate;
  /** A connection that listens; others may listen on it too. */
  subscriber: RedisClient;
  prefix: string;
  timeoutMs: number;
}

export class RedisWhispers implements Whispers {
  readonly #options: RedisWhispersOptions;
  readonly #listeners = new Listeners();
  /** How many attend to each topic. */
  readonly #topics = new Map<string, number>();

  constructor(options: RedisWhispersOptions) {
    this.#options = options;
    const { subscriber } = options;
    subscriber.on('message', (channel: string, text: string) => {
      if (channel.startsWith(this.#prefix)) this.#listeners.tell(channel.slice(this.#prefix.length), text);
    });
    // The client subscribes again by itself; what was said meanwhile is lost.
    for (const event of ['close', 'end', 'ready'] as const) subscriber.on(event, () => this.#listeners.gap());
  }

  async whisper(topic: string, message: string): Promise<void> {
    try {
      await this.#options.gate.run((client) => client.publish(this.#prefix + topic, message));
    } catch (error) {
      if (!(error instanceof RedisAway)) throw error;
    }
  }

  async attend(topic: string, onMessage: (message: string) => void, onGap?: () => void): Promise<() => void> {
    const stop = this.#listeners.add(topic, onMessage, onGap);
    this.#count(topic, 1);
    try {
      await this.#bounded(this.#options.subscriber.subscribe(this.#prefix + topic));
    } catch (cause) {
      stop();
      this.#leave(topic);
      throw new AppError('Redis does not answer: try again in a moment.', { status: 503, code: 'coordination_away', retryAfterSeconds: 5, cause });
    }
    return () => {
      stop();
      this.#leave(topic);
    };
  }

  #count(topic: string, by: number): number {
    const count = (this.#topics.get(topic) ?? 0) + by;
    if (count > 0) this.#topics.set(topic, count);
    else this.#topics.delete(topic);
    return count;
  }

  #leave(topic: string): void {
    if (this.#count(topic, -1) <= 0) void this.#options.subscriber.unsubscribe(this.#prefix + topic).catch(() => {});
  }

  async #bounded(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), this.#options.timeoutMs);
    });
    try {
      await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  get #prefix(): string {
    return `${this.#options.prefix}whispers:`;
  }
}
