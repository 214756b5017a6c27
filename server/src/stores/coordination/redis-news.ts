// News through Redis pub/sub, with an answer from every live process where the sender must know that it was heard.
import { Listeners } from './listeners.ts';
import type { News } from './port.ts';
import type { RedisClient } from './redis-connect.ts';
import { RedisAway, type RedisGate } from './redis-gate.ts';

export interface RedisNewsOptions {
  gate: RedisGate;
  /** A connection of its own: one that listens can do nothing else. */
  subscriber: RedisClient;
  prefix: string;
  process: string;
  /** Live processes now, this one included. @throws RedisAway. */
  processes: () => Promise<readonly string[]>;
  /** Longest wait for the others to hear. */
  patienceMs: number;
}

interface Message {
  topic: string;
  text: string;
  from: string;
  /** Set when the sender waits to be heard. */
  number?: number;
}

interface Waiting {
  readonly missing: Set<string>;
  readonly heard: () => void;
}

export class RedisNews implements News {
  readonly #options: RedisNewsOptions;
  readonly #listeners = new Listeners();
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #connected = false;

  constructor(options: RedisNewsOptions) {
    this.#options = options;
  }

  /** Subscribes. @throws when Redis does not answer. */
  async open(): Promise<void> {
    const { subscriber } = this.#options;
    subscriber.on('message', (channel: string, text: string) => this.#receive(channel, text));
    await subscriber.subscribe(this.#channel, this.#answers(this.#options.process));
    this.#connected = true;
    // The client subscribes again by itself; what was said meanwhile is lost.
    subscriber.on('close', () => this.#lost());
    subscriber.on('end', () => this.#lost());
    subscriber.on('ready', () => this.#listeners.gap());
  }

  async tell(topic: string, text: string, heard = false): Promise<void> {
    this.#listeners.tell(topic, text);
    const message: Message = { topic, text, from: this.#options.process };
    try {
      if (heard) await this.#tellAndWait(message);
      else await this.#publish(message);
    } catch (error) {
      // The others know that they hear nothing, and ask the records.
      if (!(error instanceof RedisAway)) throw error;
    }
  }

  hear(topic: string, onNews: (message: string) => void, onGap?: () => void): () => void {
    return this.#listeners.add(topic, onNews, onGap);
  }

  /** Called with every heartbeat: a connection that looks open and brings nothing is made anew. */
  async check(): Promise<void> {
    try {
      await this.#options.subscriber.ping();
    } catch {
      this.#lost();
      if ('disconnect' in this.#options.subscriber) this.#options.subscriber.disconnect(true);
    }
  }

  close(): void {
    for (const { heard } of this.#waiting.values()) heard();
    this.#options.subscriber.disconnect();
  }

  async #tellAndWait(message: Message): Promise<void> {
    const missing = new Set(await this.#options.processes());
    missing.delete(this.#options.process);
    // Nobody is known, which after a fail-over does not mean that nobody is there: it is said all the same.
    if (missing.size === 0) return await this.#publish(message);
    const number = ++this.#last;
    let timer: NodeJS.Timeout | undefined;
    const heard = new Promise<void>((resolve) => {
      this.#waiting.set(number, { missing, heard: resolve });
      timer = setTimeout(resolve, this.#options.patienceMs);
    });
    try {
      await this.#publish({ ...message, number });
      await heard;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(number);
    }
  }

  async #publish(message: Message): Promise<void> {
    await this.#options.gate.run((client) => client.publish(this.#channel, JSON.stringify(message)));
  }

  #receive(channel: string, text: string): void {
    if (channel === this.#answers(this.#options.process)) {
      const [number, process] = text.split(' ');
      const waiting = this.#waiting.get(Number(number));
      waiting?.missing.delete(process ?? '');
      if (waiting?.missing.size === 0) waiting.heard();
      return;
    }
    // Others listen on the same connection.
    if (channel !== this.#channel) return;
    const message = JSON.parse(text) as Message;
    if (message.from === this.#options.process) return;
    this.#listeners.tell(message.topic, message.text);
    if (message.number === undefined) return;
    const answer = `${message.number} ${this.#options.process}`;
    void this.#options.gate.run((client) => client.publish(this.#answers(message.from), answer)).catch(() => {});
  }

  #lost(): void {
    if (!this.#connected) return;
    this.#listeners.gap();
  }

  get #channel(): string {
    return `${this.#options.prefix}news`;
  }

  #answers(process: string): string {
    return `${this.#options.prefix}heard:${process}`;
  }
}
