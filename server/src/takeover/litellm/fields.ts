// Cells of LiteLLM's tables, read from the JSON that PostgreSQL makes of a row: whatever version wrote it, whatever columns it has.
import { durationMs } from '#lib/duration.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';

export type Row = Readonly<Record<string, unknown>>;
export type Fields = Readonly<Record<string, unknown>>;

/** Text; '' means null, as LiteLLM writes it into unique columns. */
export function text(row: Row, name: string): string | null {
  const value = row[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** An amount as decimal text, rounded to 12 decimals; null for none, and for the infinite one that means none. */
export function dollars(row: Row, name: string): string | null {
  const value = row[name];
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  try {
    return formatPicos(parsePicos(value));
  } catch {
    return null;
  }
}

export function picos(row: Row, name: string): bigint {
  return parsePicos(dollars(row, name) ?? '0');
}

export function whole(row: Row, name: string): number | null {
  const value = row[name];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

export function flag(row: Row, name: string): boolean {
  return row[name] === true;
}

/** An instant as ISO text with its zone: Prisma's columns have none and mean UTC. */
export function instant(row: Row, name: string): string | null {
  const value = text(row, name);
  if (value === null) return null;
  return /(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(value) ? value : `${value}Z`;
}

export function texts(row: Row, name: string): string[] {
  const value = parsed(row[name]);
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];
}

export function list(row: Row, name: string): Fields[] {
  const value = parsed(row[name]);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function object(row: Row, name: string): Fields {
  const value = parsed(row[name]);
  return isObject(value) ? value : {};
}

/** A window's length that this platform can hold; null for none and for one that it cannot. */
export function duration(row: Row, name: string): string | null {
  const value = text(row, name);
  return value !== null && durationMs(value) !== null ? value : null;
}

/** The columns that have no place of their own and say something, in LiteLLM's names. */
export function rest(row: Row, own: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => !own.has(name) && value !== null));
}

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Some versions wrote JSON as text into a JSON column. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
