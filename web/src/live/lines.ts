// What the live tail shows: the newest rows on top, changed where they stand when they are told again, gaps in their place, bounded.
import type { ConsoleTailRow } from '@genai/server/contract';
import type { StreamEvent } from '#api/event-stream.ts';

export type Line = { kind: 'row'; key: string; row: ConsoleTailRow } | { kind: 'gap'; key: string; at: string };

export interface Tail {
  /** Newest first. */
  lines: readonly Line[];
  /** Rows that the server could not hold for this page. */
  dropped: number;
  /** Rows that left the page because it holds no more. */
  left: number;
  /** Rows of the project a second, asked for or not; null until two statuses came. */
  rate: number | null;
  status: { passed: number; at: number } | null;
  lastEventId: string | null;
}

export const EMPTY_TAIL: Tail = { lines: [], dropped: 0, left: 0, rate: null, status: null, lastEventId: null };

/** Lines that a page keeps. */
export const MOST_LINES = 1_000;

/** The tail after some events. What is no event of ours changes nothing. */
export function tailAfter(tail: Tail, events: readonly StreamEvent[], now: number): Tail {
  const fresh = new Map<string, Line>();
  let next: Tail = tail;
  for (const { id, event, data } of events) {
    if (id !== null) next = { ...next, lastEventId: id };
    const value = parsed(data);
    if (event === 'observation' && isRow(value)) fresh.set(`${value.traceId} ${value.id}`, { kind: 'row', key: `${value.traceId} ${value.id}`, row: value });
    else if (event === 'gap') fresh.set(`gap ${now} ${fresh.size}`, { kind: 'gap', key: `gap ${now} ${fresh.size}`, at: new Date(now).toISOString() });
    else if (event === 'dropped') next = { ...next, dropped: next.dropped + numberOf(value, 'count') };
    else if (event === 'status') next = withStatus(next, { passed: numberOf(value, 'passed'), at: numberOf(value, 'at') });
  }
  return fresh.size === 0 ? next : withLines(next, fresh);
}

/** Events that wait to be drawn: while the page is paused, the newest. */
const MOST_WAITING = 5_000;

/** Puts an event behind those that wait; when there are too many the oldest half leaves, and one event says how many rows that were. */
export function holdBack(waiting: StreamEvent[], event: StreamEvent, most = MOST_WAITING): void {
  waiting.push(event);
  if (waiting.length <= most) return;
  const gone = waiting.splice(0, Math.ceil(most / 2));
  const count = gone.reduce((sum, { event: kind, data }) => sum + (kind === 'observation' ? 1 : kind === 'dropped' ? numberOf(parsed(data), 'count') : 0), 0);
  waiting.unshift({ id: null, event: 'dropped', data: JSON.stringify({ count }) });
}

function withLines(tail: Tail, fresh: Map<string, Line>): Tail {
  // A row that is told again (it ended, its cost is known) stays in its place.
  const kept = tail.lines.map((line) => {
    const again = fresh.get(line.key);
    if (again === undefined) return line;
    fresh.delete(line.key);
    return again;
  });
  const lines = [...[...fresh.values()].reverse(), ...kept];
  return { ...tail, lines: lines.slice(0, MOST_LINES), left: tail.left + Math.max(0, lines.length - MOST_LINES) };
}

/** The count starts anew with each connection. */
function withStatus(tail: Tail, status: { passed: number; at: number }): Tail {
  const before = tail.status;
  if (before === null || status.passed < before.passed) return { ...tail, status };
  const seconds = (status.at - before.at) / 1_000;
  // Statuses come with the rows: a second is the least that a rate is told of.
  return seconds < 1 ? tail : { ...tail, status, rate: (status.passed - before.passed) / seconds };
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function isRow(value: unknown): value is ConsoleTailRow {
  return typeof value === 'object' && value !== null && 'traceId' in value && 'id' in value;
}

function numberOf(value: unknown, name: string): number {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return typeof found === 'number' && Number.isFinite(found) ? found : 0;
}
