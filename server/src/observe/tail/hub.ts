// Who watches rows as they are stored: the writer's rows to bounded queues, one a watcher. Nothing is looked up, and with no watcher nothing is done.
import { randomBytes } from 'node:crypto';
import type { ConsoleTailRow } from '#contract.ts';
import { AppError } from '#lib/errors.ts';
import type { FoldedRows, ObservationRow, TraceRow } from '#observe/rows.ts';
import { type PassingRow, type TraceAttributes, tailRowOf } from './tail-row.ts';

/** What a watcher is told. */
export type TailEvent =
  | { kind: 'row'; id: string; row: ConsoleTailRow }
  /** Rows that the watcher asked for and that its queue could not hold. */
  | { kind: 'dropped'; count: number }
  /** Rows may have passed between the last id that was seen and now. */
  | { kind: 'gap' };

export interface TailWatch {
  /** What came since the last call, at once or when something comes; [] after `waitMs` without anything; null when the hub has closed. */
  next(waitMs: number): Promise<TailEvent[] | null>;
  /** Rows of the project that passed since the watch began, asked for or not. */
  passed(): number;
  /** The id behind which a watcher that has taken everything goes on. */
  position(): string;
  close(): void;
}

export interface TailQuestion {
  projectId: string;
  holds: (passing: PassingRow) => boolean;
  /** The id of the last event that was seen before the connection broke; null for a first one. */
  lastEventId: string | null;
}

export interface TailHub {
  /** Rows that are stored now. Never throws. */
  publish(rows: FoldedRows): void;
  /** @throws AppError 429 when too many watch. */
  watch(question: TailQuestion): TailWatch;
  watchers(): number;
  close(): void;
}

export interface TailBounds {
  watchers: number;
  /** Rows that wait for one watcher. */
  queue: number;
  /** Rows that are kept for those who come back, and the bytes of their contents. */
  kept: number;
  keptBytes: number;
  /** Traces whose attributes are remembered. */
  traces: number;
  /** How long rows are kept after the last watcher left. */
  lingerMs: number;
}

export const TAIL_BOUNDS: TailBounds = { watchers: 16, queue: 500, kept: 2_000, keptBytes: 16 << 20, traces: 5_000, lingerMs: 60_000 };

interface Kept {
  number: number;
  passing: PassingRow;
  bytes: number;
}

interface Watcher {
  question: TailQuestion;
  queue: TailEvent[];
  gap: boolean;
  dropped: number;
  passed: number;
  ring: (() => void) | null;
}

/** Makes the hub of one process. */
export function createTailHub(bounds: TailBounds = TAIL_BOUNDS, now: () => number = Date.now): TailHub {
  return new Hub(bounds, now);
}

class Hub implements TailHub {
  readonly #bounds: TailBounds;
  readonly #now: () => number;
  /** Numbers of another process mean nothing here. */
  readonly #epoch = randomBytes(6).toString('hex');
  readonly #watchers = new Set<Watcher>();
  readonly #traces = new Map<string, TraceAttributes>();
  #kept: Kept[] = [];
  #keptBytes = 0;
  #number = 0;
  /** The first number of which everything behind it is kept. */
  #since = 1;
  #leftAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(bounds: TailBounds, now: () => number) {
    this.#bounds = bounds;
    this.#now = now;
  }

  publish({ observations, traces }: Pick<FoldedRows, 'observations' | 'traces'>): void {
    if (this.#watchers.size === 0 && this.#now() - this.#leftAt > this.#bounds.lingerMs) {
      this.#forget();
      return;
    }
    for (const trace of traces) if (trace.is_deleted === 0) this.#remember(trace.project_id, trace.id, attributesOf(trace));
    for (const row of observations) if (row.is_deleted === 0 && row.is_trace === 1) this.#remember(row.project_id, row.trace_id, carriedBy(row));
    for (const row of observations) if (row.is_deleted === 0) this.#pass(row);
    for (const watcher of this.#watchers) if (watcher.queue.length > 0) watcher.ring?.();
  }

  watch(question: TailQuestion): TailWatch {
    if (this.#watchers.size >= this.#bounds.watchers)
      throw new AppError(`${this.#bounds.watchers} watch the live tail already: close one of them and try again.`, {
        status: 429,
        code: 'TooManyRequests',
        retryAfterSeconds: 10,
      });
    const watcher: Watcher = { question, queue: [], gap: false, dropped: 0, passed: 0, ring: null };
    if (question.lastEventId !== null) this.#replay(watcher, question.lastEventId);
    this.#watchers.add(watcher);
    return {
      next: (waitMs) => this.#next(watcher, waitMs),
      passed: () => watcher.passed,
      position: () => `${this.#epoch}.${this.#number}`,
      close: () => this.#leave(watcher),
    };
  }

  watchers(): number {
    return this.#watchers.size;
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.ring?.();
    this.#watchers.clear();
    this.#forget();
  }

  #pass(row: ObservationRow): void {
    this.#number += 1;
    const passing = { row, trace: this.#traces.get(traceKey(row.project_id, row.trace_id)) };
    this.#keep(passing);
    for (const watcher of this.#watchers) {
      if (watcher.question.projectId !== row.project_id) continue;
      watcher.passed += 1;
      if (watcher.question.holds(passing)) this.#offer(watcher, this.#number, passing);
    }
  }

  /** The newest rows matter: a full queue loses its oldest. */
  #offer(watcher: Watcher, number: number, passing: PassingRow): void {
    if (watcher.queue.length >= this.#bounds.queue) {
      watcher.queue.shift();
      watcher.dropped += 1;
    }
    watcher.queue.push({ kind: 'row', id: `${this.#epoch}.${number}`, row: tailRowOf(passing) });
  }

  #keep(passing: PassingRow): void {
    const bytes = (passing.row.input?.length ?? 0) + (passing.row.output?.length ?? 0) + 1_000;
    this.#kept.push({ number: this.#number, passing, bytes });
    this.#keptBytes += bytes;
    let leave = 0;
    while (this.#kept.length - leave > this.#bounds.kept || (this.#keptBytes > this.#bounds.keptBytes && leave < this.#kept.length))
      this.#keptBytes -= (this.#kept[leave++] as Kept).bytes;
    // Taken out in blocks: one at a time would move the whole list for each row.
    if (leave > 0) {
      this.#since = (this.#kept[leave - 1] as Kept).number + 1;
      this.#kept = this.#kept.slice(leave);
    }
  }

  #replay(watcher: Watcher, lastEventId: string): void {
    const [epoch, number] = lastEventId.split('.');
    const seen = epoch === this.#epoch && /^\d{1,15}$/.test(number ?? '') ? Number(number) : null;
    if (seen === null || seen + 1 < this.#since || seen > this.#number) {
      watcher.gap = true;
      return;
    }
    for (const { number: at, passing } of this.#kept) {
      if (at <= seen || passing.row.project_id !== watcher.question.projectId) continue;
      watcher.passed += 1;
      if (watcher.question.holds(passing)) this.#offer(watcher, at, passing);
    }
  }

  async #next(watcher: Watcher, waitMs: number): Promise<TailEvent[] | null> {
    if (watcher.queue.length === 0 && !watcher.gap && !this.#closed)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        watcher.ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    watcher.ring = null;
    if (this.#closed || !this.#watchers.has(watcher)) return null;
    const events = watcher.queue;
    if (watcher.dropped > 0) events.unshift({ kind: 'dropped', count: watcher.dropped });
    if (watcher.gap) events.unshift({ kind: 'gap' });
    watcher.queue = [];
    watcher.gap = false;
    watcher.dropped = 0;
    return events;
  }

  #leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#leftAt = this.#now();
    watcher.ring?.();
  }

  #remember(projectId: string, traceId: string, attributes: TraceAttributes): void {
    const key = traceKey(projectId, traceId);
    this.#traces.delete(key);
    this.#traces.set(key, attributes);
    if (this.#traces.size > this.#bounds.traces) this.#traces.delete(this.#traces.keys().next().value as string);
  }

  #forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.#traces.clear();
    // Rows pass unseen from here on: whoever comes back with an earlier id has missed some.
    this.#number += 1;
    this.#since = this.#number + 1;
  }
}

const traceKey = (projectId: string, traceId: string): string => `${projectId}\n${traceId}`;

function attributesOf(trace: TraceRow): TraceAttributes {
  return { name: trace.name, userId: trace.user_id, sessionId: trace.session_id, environment: trace.environment, tags: trace.tags };
}

function carriedBy(row: ObservationRow): TraceAttributes {
  return { name: row.trace_name ?? row.name, userId: row.user_id, sessionId: row.session_id, environment: row.environment, tags: row.tags };
}
