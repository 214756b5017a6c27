// Numbers, money, durations and instants as people read them; every function takes the language and never invents a value for null.
import { formatDecimal, parseDecimal } from './decimal.ts';

/** 0.01 in units of 1e-12. */
const CENT = 10_000_000_000n;

const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function numberFormat(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const id = `${language} ${JSON.stringify(options)}`;
  const known = numberFormats.get(id) ?? new Intl.NumberFormat(language, options);
  numberFormats.set(id, known);
  return known;
}

function dateFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${language} ${JSON.stringify(options)}`;
  const known = dateFormats.get(id) ?? new Intl.DateTimeFormat(language, options);
  dateFormats.set(id, known);
  return known;
}

/** A whole number with grouping: 12,345. */
export function formatCount(value: number, language: string): string {
  return numberFormat(language, { maximumFractionDigits: 0 }).format(value);
}

/** A short form for tiles and axes: 1.2K, 3.4M. */
export function formatCompact(value: number, language: string): string {
  return numberFormat(language, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

/** A share as a percentage: 0.0312 becomes 3.1%. */
export function formatPercent(share: number, language: string): string {
  return numberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(share);
}

/**
 * An amount from its decimal string (or LiteLLM's JSON number); amounts under one keep four significant digits and those under a cent three, so 0.00015 does not become 0.00.
 * @returns null when the amount is unknown: the caller says "unknown" in the reader's language.
 */
export function formatMoney(value: string | number | null | undefined, currency: string, language: string): string | null {
  const units = parseDecimal(value);
  if (units === null) return null;
  const magnitude = units < 0n ? -units : units;
  const small = magnitude > 0n && magnitude < 1_000_000_000_000n;
  const digits: Intl.NumberFormatOptions = small ? { minimumSignificantDigits: 2, maximumSignificantDigits: magnitude < CENT ? 3 : 4 } : {};
  const text = formatDecimal(units) as Intl.StringNumericLiteral;
  try {
    return numberFormat(language, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...digits }).format(text);
  } catch {
    // A currency code that the browser does not know is written out.
    return `${numberFormat(language, small ? digits : { maximumFractionDigits: 2 }).format(text)} ${currency}`;
  }
}

/** A label of a money axis that reaches up to `highest`: every label has the same decimals, just enough for a quarter of the axis to keep two digits. */
export function formatMoneyTick(value: number, highest: number, currency: string, language: string): string {
  const step = highest / 4;
  const decimals = step > 0 ? Math.min(12, Math.ceil(-Math.log10(step)) + 1) : 0;
  const whole = value === 0 || step >= 10;
  const digits = whole ? 0 : decimals > 2 ? decimals : null;
  const fraction: Intl.NumberFormatOptions = digits === null ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  try {
    return numberFormat(language, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...fraction }).format(value);
  } catch {
    return numberFormat(language, fraction).format(value);
  }
}

/** A duration in milliseconds: 240 ms, 1.24 s, 2 m 05 s; null becomes an en dash. */
export function formatDuration(durationMs: number | null | undefined): string {
  if (durationMs === null || durationMs === undefined || !Number.isFinite(durationMs)) return '–';
  const sign = durationMs < 0 ? '-' : '';
  const value = Math.abs(durationMs);
  if (value < 1) return value === 0 ? '0 ms' : `${sign}${value.toFixed(1)} ms`;
  if (value < 1000) return `${sign}${Math.round(value)} ms`;
  if (value < 10_000) return `${sign}${(value / 1000).toFixed(2)} s`;
  if (value < 59_950) return `${sign}${(value / 1000).toFixed(1)} s`;
  const seconds = Math.round(value / 1000);
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, '0')} s`;
  return `${sign}${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} m`;
}

/** An instant in the reader's time zone, to the second: Nov 23, 21:51:35; with the year when it is another one than `nowMs`'s. */
export function formatInstant(iso: string | null, language: string, nowMs = Date.now()): string {
  const date = iso === null ? null : new Date(iso);
  if (!date || Number.isNaN(date.getTime())) return '–';
  const sameYear = date.getFullYear() === new Date(nowMs).getFullYear();
  return dateFormat(language, {
    ...(sameYear ? {} : { year: 'numeric' }),
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(date);
}

/** An instant for narrow rows, to the minute: 11/23 22:20. */
export function formatShortInstant(iso: string | null, language: string): string {
  const date = iso === null ? null : new Date(iso);
  if (!date || Number.isNaN(date.getTime())) return '–';
  const day = dateFormat(language, { month: 'numeric', day: 'numeric' }).format(date);
  return `${day} ${dateFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date)}`;
}

/** An axis label for a bucket of the given width: the time of day for hours, the day for days. */
export function formatBucket(iso: string, bucketSeconds: number, language: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  if (bucketSeconds >= 86_400) return dateFormat(language, { month: 'numeric', day: 'numeric' }).format(date);
  const time = dateFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date);
  return bucketSeconds >= 10_800 ? `${dateFormat(language, { month: 'numeric', day: 'numeric' }).format(date)} ${time}` : time;
}
