// The windows of scheduled exports: each instant lies in exactly one, and a window's name is its end. Pure.

export const FREQUENCIES = ['every_20_minutes', 'hourly', 'daily', 'weekly'] as const;
export type Frequency = (typeof FREQUENCIES)[number];

const MINUTE_MS = 60_000;
const PERIOD_MS: Readonly<Record<Frequency, number>> = {
  every_20_minutes: 20 * MINUTE_MS,
  hourly: 60 * MINUTE_MS,
  daily: 1_440 * MINUTE_MS,
  weekly: 10_080 * MINUTE_MS,
};
/** 1970-01-01 was a Thursday: weeks begin on Monday. */
const FIRST_MONDAY_MS = 4 * 1_440 * MINUTE_MS;
/** Events of a window may still arrive; what comes later than this after its window is not exported (Langfuse's lag). */
export const LAG_MS = 20 * MINUTE_MS;

export interface ExportWindow {
  fromMs: number;
  toMs: number;
  /** From then on it may be written. */
  dueAtMs: number;
}

/** The start of the period that an instant lies in, in UTC. */
export function periodStart(frequency: Frequency, atMs: number): number {
  const offset = frequency === 'weekly' ? FIRST_MONDAY_MS : 0;
  const period = PERIOD_MS[frequency];
  return Math.floor((atMs - offset) / period) * period + offset;
}

/** The window that begins where the last one ended: to the end of the period, so that a changed frequency leaves no gap and no overlap. */
export function windowAfter(frequency: Frequency, lastMs: number): ExportWindow {
  const toMs = periodStart(frequency, lastMs) + PERIOD_MS[frequency];
  return { fromMs: lastMs, toMs, dueAtMs: toMs + LAG_MS };
}

/** Where exports go on after a window without rows: before the next stored instant (null = there is none), at the start of a period, and never beyond what is over. */
export function skipTo(frequency: Frequency, { window, nextMs, overMs }: { window: ExportWindow; nextMs: number | null; overMs: number }): number {
  const latest = periodStart(frequency, overMs);
  const wanted = nextMs === null ? latest : Math.min(latest, periodStart(frequency, nextMs));
  return Math.max(window.toMs, wanted);
}
