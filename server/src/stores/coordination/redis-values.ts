// Values on Redis, shared by every process. While Redis is away nothing is found and nothing is kept: a cache is never waited for.
import type { Values } from './port.ts';
import { RedisAway, type RedisGate } from './redis-gate.ts';

export class RedisValues implements Values {
  readonly #gate: RedisGate;
  readonly #prefix: string;

  constructor(gate: RedisGate, prefix: string) {
    this.#gate = gate;
    this.#prefix = prefix;
  }

  get(key: string): Promise<Buffer | null> {
    return this.#orElse(null, () => this.#gate.run((client) => client.getBuffer(this.#name(key))));
  }

  async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    if (ttlMs > 0) await this.#orElse(null, () => this.#gate.run((client) => client.set(this.#name(key), value, 'PX', Math.ceil(ttlMs))));
  }

  async remove(key: string): Promise<boolean> {
    return (await this.#orElse(0, () => this.#gate.run((client) => client.del(this.#name(key))))) > 0;
  }

  #name(key: string): string {
    return `${this.#prefix}value:${key}`;
  }

  async #orElse<Value>(fallback: Value, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RedisAway)) throw error;
      return fallback;
    }
  }
}
