// Coordination in memory: windows and leases of one process. Every result is synchronous, so the hot path waits for no promise.
import { Listeners } from './listeners.ts';
import { LocalWhispers } from './local-whispers.ts';
import { MemoryAccounts } from './memory-accounts.ts';
import { MemoryValues } from './memory-values.ts';
import type { Coordination, CoordinationState, News, Taken, WindowLimit } from './port.ts';

interface Window {
  endsAtMs: number;
  used: number;
}

const SWEEP_MS = 10_000;

export interface MemoryCoordinationSettings {
  /** How often what has expired is forgotten; memory is bounded by the keys used in one window plus this time. */
  readonly sweepMs?: number;
  /** The clock of the sweep; the calls bring their own time. */
  readonly now?: () => number;
}

/** The adapter narrows the port's results to values, never promises. */
export class MemoryCoordination implements Coordination {
  readonly accounts = new MemoryAccounts();
  readonly news: News;
  readonly whispers = new LocalWhispers();
  readonly values = new MemoryValues();
  readonly #windows = new Map<string, Window>();
  /** Places by key: holder -> end of its lease. */
  readonly #leases = new Map<string, Map<string, number>>();
  readonly #timer: NodeJS.Timeout;

  constructor(settings: MemoryCoordinationSettings = {}) {
    const now = settings.now ?? Date.now;
    this.#timer = setInterval(() => this.sweep(now()), settings.sweepMs ?? SWEEP_MS);
    this.#timer.unref();
    const listeners = new Listeners();
    this.news = {
      tell: async (topic, message) => listeners.tell(topic, message),
      hear: (topic, onNews, onGap) => listeners.add(topic, onNews, onGap),
    };
  }

  take(limits: readonly WindowLimit[], nowMs: number): Taken {
    const used: number[] = [];
    let refusedBy = -1;
    for (let index = 0; index < limits.length; index++) {
      const limit = limits[index] as WindowLimit;
      const current = this.#used(limit, nowMs);
      used.push(current);
      if (refusedBy === -1 && limit.max >= 0 && current + limit.cost > limit.max) refusedBy = index;
    }
    const deciding = limits[Math.max(refusedBy, 0)];
    const resetAtMs = deciding === undefined ? nowMs : endOf(deciding.windowMs, nowMs);
    if (refusedBy !== -1) return { allowed: false, refusedBy, used, resetAtMs };
    for (let index = 0; index < limits.length; index++) {
      const limit = limits[index] as WindowLimit;
      used[index] = this.#charge(limit, limit.cost, nowMs);
    }
    return { allowed: true, used, resetAtMs };
  }

  add(key: string, windowMs: number, cost: number, nowMs: number): void {
    this.#charge({ key, windowMs }, cost, nowMs);
  }

  // biome-ignore lint/complexity/useMaxParams: the port's form
  enter(key: string, max: number, holder: string, leaseMs: number, nowMs: number): boolean {
    let places = this.#leases.get(key);
    if (places !== undefined && places.size >= max && !places.has(holder)) forgetExpired(places, nowMs);
    if (max >= 0 && (places?.size ?? 0) >= max && !places?.has(holder)) return false;
    if (places === undefined) {
      places = new Map();
      this.#leases.set(key, places);
    }
    places.set(holder, nowMs + leaseMs);
    return true;
  }

  leave(key: string, holder: string): void {
    const places = this.#leases.get(key);
    if (places === undefined) return;
    places.delete(holder);
    if (places.size === 0) this.#leases.delete(key);
  }

  state(): CoordinationState {
    return { kind: 'memory', away: false, processes: 1 };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#windows.clear();
    this.#leases.clear();
  }

  /** Forgets windows and leases that have ended. */
  sweep(nowMs: number): void {
    for (const [key, window] of this.#windows) if (window.endsAtMs <= nowMs) this.#windows.delete(key);
    for (const [key, places] of this.#leases) {
      forgetExpired(places, nowMs);
      if (places.size === 0) this.#leases.delete(key);
    }
  }

  /** The windows that have not ended, with what was used of each. */
  windows(nowMs: number): { key: string; windowMs: number; endsAtMs: number; used: number }[] {
    const all: { key: string; windowMs: number; endsAtMs: number; used: number }[] = [];
    for (const [name, { endsAtMs, used }] of this.#windows) {
      const colon = name.indexOf(':');
      if (endsAtMs > nowMs) all.push({ key: name.slice(colon + 1), windowMs: Number(name.slice(0, colon)), endsAtMs, used });
    }
    return all;
  }

  /** How many windows and leases are held: the metric of this store's bound. */
  sizes(): { windows: number; leases: number } {
    let leases = 0;
    for (const places of this.#leases.values()) leases += places.size;
    return { windows: this.#windows.size, leases };
  }

  #used(limit: { key: string; windowMs: number }, nowMs: number): number {
    const window = this.#windows.get(nameOf(limit));
    return window === undefined || window.endsAtMs <= nowMs ? 0 : window.used;
  }

  #charge(limit: { key: string; windowMs: number }, cost: number, nowMs: number): number {
    const name = nameOf(limit);
    const window = this.#windows.get(name);
    if (window === undefined || window.endsAtMs <= nowMs) {
      this.#windows.set(name, { endsAtMs: endOf(limit.windowMs, nowMs), used: cost });
      return cost;
    }
    window.used += cost;
    return window.used;
  }
}

/** The same key may be counted in windows of several lengths. */
function nameOf(limit: { key: string; windowMs: number }): string {
  return `${limit.windowMs}:${limit.key}`;
}

function endOf(windowMs: number, nowMs: number): number {
  return (Math.floor(nowMs / windowMs) + 1) * windowMs;
}

function forgetExpired(places: Map<string, number>, nowMs: number): void {
  for (const [holder, endsAtMs] of places) if (endsAtMs <= nowMs) places.delete(holder);
}
