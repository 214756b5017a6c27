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

  async clear(): Promise<number> {
    const servers = await this.#orElse([], () => this.#gate.run(async (client) => ('nodes' in client ? client.nodes('master') : [client])));
    let count = 0;
    for (const server of servers) {
      let cursor = '0';
      do {
        // Square brackets and the like in a prefix are letters here.
        const pattern = `${this.#name('').replace(/[[\]*?\\]/g, '\\$&')}*`;
        const page = await this.#orElse(null, () => this.#gate.run(() => server.scan(cursor, 'MATCH', pattern, 'COUNT', 500)));
        const [next, keys] = page ?? ['0', []];
        // One by one: on a cluster keys of one command must share a slot.
        const removed = await Promise.all(keys.map((key) => this.#orElse(0, () => this.#gate.run((client) => client.unlink(key)))));
        count += removed.reduce((sum, one) => sum + one, 0);
        cursor = next;
      } while (cursor !== '0');
    }
    return count;
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
