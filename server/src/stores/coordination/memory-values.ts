// Values in memory: the least recently used leave when the room is full.
import type { Values } from './port.ts';

const ROOM_BYTES = 64 * 1024 * 1024;
/** What an entry costs beside its bytes. */
const OVERHEAD = 200;

interface Entry {
  value: Buffer;
  endsAtMs: number;
}

export class MemoryValues implements Values {
  readonly #entries = new Map<string, Entry>();
  readonly #roomBytes: number;
  readonly #now: () => number;
  #bytes = 0;

  constructor(settings: { roomBytes?: number; now?: () => number } = {}) {
    this.#roomBytes = settings.roomBytes ?? ROOM_BYTES;
    this.#now = settings.now ?? Date.now;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Buffer | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry.endsAtMs <= this.#now()) {
      this.remove(key);
      return null;
    }
    // Used last, leaves last.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: Buffer, ttlMs: number): void {
    this.remove(key);
    if (ttlMs <= 0 || size(key, value) > this.#roomBytes) return;
    this.#entries.set(key, { value, endsAtMs: this.#now() + ttlMs });
    this.#bytes += size(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#roomBytes) break;
      this.remove(oldest);
    }
  }

  remove(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#bytes -= size(key, entry.value);
    return true;
  }

  clear(): number {
    const count = this.#entries.size;
    this.#entries.clear();
    this.#bytes = 0;
    return count;
  }
}

function size(key: string, value: Buffer): number {
  return key.length * 2 + value.length + OVERHEAD;
}
