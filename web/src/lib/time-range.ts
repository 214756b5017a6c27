// The time range of a page: a sliding window ("24h") or two instants, read from and written to the URL.

export const WINDOWS = { '15m': 15, '1h': 60, '6h': 360, '24h': 1440, '7d': 10_080, '30d': 43_200, '90d': 129_600 } as const;
export type WindowName = keyof typeof WINDOWS;

/** `from` and `to` are ISO instants; a sliding window is resolved when a query runs, so that a shared link keeps sliding. */
export type TimeRange = { kind: 'window'; name: WindowName } | { kind: 'between'; from: string; to: string };

/** The part of a page's URL state that says the range. */
export interface TimeRangeSearch {
  range?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** Reads the range; anything malformed or reversed falls back to `fallback`. */
export function readTimeRange(search: TimeRangeSearch, fallback: WindowName = '24h'): TimeRange {
  const from = instant(search.from);
  const to = instant(search.to);
  if (from !== null && to !== null && from < to) return { kind: 'between', from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  if (search.range !== undefined && Object.hasOwn(WINDOWS, search.range)) return { kind: 'window', name: search.range as WindowName };
  return { kind: 'window', name: fallback };
}

/** The URL form; the keys that do not apply are undefined so that a merge clears them. */
export function writeTimeRange(range: TimeRange): { range: string | undefined; from: string | undefined; to: string | undefined } {
  return range.kind === 'window' ? { range: range.name, from: undefined, to: undefined } : { range: undefined, from: range.from, to: range.to };
}

/** Two ISO instants for the server. */
export function resolveTimeRange(range: TimeRange, nowMs: number): { from: string; to: string } {
  if (range.kind === 'between') return { from: range.from, to: range.to };
  return { from: new Date(nowMs - WINDOWS[range.name] * 60_000).toISOString(), to: new Date(nowMs).toISOString() };
}

/** The value of a `datetime-local` input in the reader's zone: 2026-11-23T21:51. */
export function toLocalInput(iso: string): string {
  const date = new Date(iso);
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

function instant(value: string | undefined): number | null {
  if (value === undefined) return null;
  const parsed = Date.parse(value);
  // Beyond the years that Date can write back, toISOString throws.
  return Number.isNaN(parsed) || Math.abs(parsed) > 8.64e15 ? null : parsed;
}
