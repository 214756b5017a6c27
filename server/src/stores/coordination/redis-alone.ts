// What a process admits by itself while Redis is away: its share of each window, once a window however often Redis comes and goes. When Redis is back it is told.
import { MemoryCoordination } from './memory.ts';
import type { Taken, WindowLimit } from './port.ts';

/** A process that fell silent may come back to an outage: the number of processes counts as the most of this long. */
const REMEMBER_MS = 60_000;

export interface OwedWindow {
  key: string;
  windowMs: number;
  /** Some instant of the window, by this process's clock. */
  atMs: number;
  used: number;
}

export class AloneWindows {
  readonly #memory = new MemoryCoordination();
  /** Of each window, what Redis knows already. */
  readonly #told = new Map<string, { used: number; endsAtMs: number }>();
  #most = 1;
  #mostAtMs = 0;

  /** How many processes are alive now, as Redis says: one that comes back to an empty Redis finds itself alone there at first. */
  heardProcesses(count: number, nowMs: number): void {
    if (count < this.#most && nowMs - this.#mostAtMs < REMEMBER_MS) return;
    this.#most = Math.max(1, count);
    this.#mostAtMs = nowMs;
  }

  /** All shares together are at least the limit and at most one a process more. */
  share(max: number): number {
    return max <= 0 ? max : Math.ceil(max / this.#most);
  }

  take(limits: readonly WindowLimit[], nowMs: number): Taken {
    return this.#memory.take(
      limits.map((limit) => ({ ...limit, max: this.share(limit.max) })),
      nowMs,
    );
  }

  add(key: string, windowMs: number, cost: number, nowMs: number): void {
    this.#memory.add(key, windowMs, cost, nowMs);
  }

  // biome-ignore lint/complexity/useMaxParams: the port's form
  enter(key: string, max: number, holder: string, leaseMs: number, nowMs: number): boolean {
    return this.#memory.enter(key, this.share(max), holder, leaseMs, nowMs);
  }

  leave(key: string, holder: string): void {
    this.#memory.leave(key, holder);
  }

  /** What Redis does not know yet of windows that have not ended. */
  owed(nowMs: number): OwedWindow[] {
    for (const [name, { endsAtMs }] of this.#told) if (endsAtMs <= nowMs) this.#told.delete(name);
    return this.#memory.windows(nowMs).flatMap(({ key, windowMs, endsAtMs, used }) => {
      const more = used - (this.#told.get(nameOf(key, windowMs))?.used ?? 0);
      return more === 0 ? [] : [{ key, windowMs, atMs: endsAtMs - 1, used: more }];
    });
  }

  /** Redis knows it now. */
  told({ key, windowMs, atMs, used }: OwedWindow): void {
    const name = nameOf(key, windowMs);
    this.#told.set(name, { used: (this.#told.get(name)?.used ?? 0) + used, endsAtMs: atMs + 1 });
  }

  close(): Promise<void> {
    return this.#memory.close();
  }
}

function nameOf(key: string, windowMs: number): string {
  return `${windowMs}:${key}`;
}
