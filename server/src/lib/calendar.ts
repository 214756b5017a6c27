// The window of time that an instant lies in, for budgets: days, weeks and months of an IANA time zone, shorter windows since the epoch.

export interface TimeWindow {
  readonly startMs: number;
  readonly endMs: number;
}

const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
/** 5 January 1970 was the first Monday after the epoch. */
const FIRST_MONDAY = 4;

/**
 * The window of a duration as `durationMs` accepts it. "24h" is a day, "7d" a week from Monday, "30d" a month (LiteLLM's calendar); several days, weeks
 * or months are counted from 1970, so that a window stays the same however often it is asked for.
 */
export function windowOf(duration: string, timezone: string, nowMs: number): TimeWindow {
  const [count, unit] = calendarUnit(duration);
  if (unit === 'mo') {
    const local = localDate(nowMs, timezone);
    const first = Math.floor(((local.year - 1970) * 12 + local.month) / count) * count;
    return { startMs: midnight(Date.UTC(1970, first), timezone), endMs: midnight(Date.UTC(1970, first + count), timezone) };
  }
  if (unit === 'd' || unit === 'w') {
    const days = unit === 'w' ? count * 7 : count;
    const anchor = unit === 'w' ? FIRST_MONDAY : 0;
    const { year, month, day } = localDate(nowMs, timezone);
    const today = Math.floor(Date.UTC(year, month, day) / DAY_MS);
    const first = Math.floor((today - anchor) / days) * days + anchor;
    return { startMs: midnight(first * DAY_MS, timezone), endMs: midnight((first + days) * DAY_MS, timezone) };
  }
  const lengthMs = count * (UNITS_MS[unit] as number);
  const startMs = Math.floor(nowMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

function calendarUnit(duration: string): [number, string] {
  if (duration === '30d') return [1, 'mo'];
  if (duration === '7d') return [1, 'w'];
  if (duration === '24h') return [1, 'd'];
  const match = /^(\d{1,12})(s|m|h|d|w|mo)$/.exec(duration);
  if (match === null || Number(match[1]) === 0) throw new RangeError(`not a duration: ${duration.slice(0, 40)}`);
  return [Number(match[1]), match[2] as string];
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timezone, format);
  }
  return format;
}

/** The wall clock of the zone, as if it were UTC. */
function wallClock(ms: number, timezone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timezone).formatToParts(ms)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The calendar day of an instant in the zone; `month` from 0. */
export function localDate(ms: number, timezone: string): { year: number; month: number; day: number } {
  const wall = new Date(wallClock(ms, timezone));
  return { year: wall.getUTCFullYear(), month: wall.getUTCMonth(), day: wall.getUTCDate() };
}

/** The instant at which the zone's clocks show this wall clock; where a change of clocks leaves the midnight out, the first instant after it. */
function midnight(wallMs: number, timezone: string): number {
  const offsetAt = (ms: number): number => wallClock(ms, timezone) - Math.floor(ms / 1000) * 1000;
  const guess = wallMs - offsetAt(wallMs);
  const better = wallMs - offsetAt(guess);
  return wallClock(better, timezone) === wallMs ? better : Math.max(guess, better);
}
