// Stored values -> values of JSON answers: instants to the millisecond, JSON text parsed, decimals and counts as numbers.

/** "2026-11-23T21:40:00.123456Z" -> "2026-11-23T21:40:00.123Z" */
export function isoMs(stored: string): string {
  return `${stored.slice(0, 23)}Z`;
}

export function isoMsOrNull(stored: string | null): string | null {
  return stored === null ? null : isoMs(stored);
}

/** Seconds between two stored instants, to the microsecond. */
export function secondsBetween(from: string, to: string): number {
  return (micros(to) - micros(from)) / 1_000_000;
}

function micros(stored: string): number {
  return Date.parse(isoMs(stored)) * 1000 + Number(stored.slice(23, 26));
}

/** Stored input or output as the value it was: JSON text parsed, and once more when it was sent as text that holds an object or a list. */
export function parsedContent(stored: string | null): unknown {
  if (stored === null) return null;
  const value = parseOr(stored, stored);
  return typeof value === 'string' ? objectInText(value) : value;
}

/** Stored input or output as text: a JSON string without its quotes, any other JSON as it was received. */
export function rawContent(stored: string | null): string | null {
  if (stored === null || !stored.startsWith('"')) return stored;
  const value = parseOr(stored, stored);
  return typeof value === 'string' ? value : stored;
}

/** Metadata values as they were sent: objects, lists, numbers and booleans from their JSON text; text that only looks like a number ("007", "1.0") stays text. */
export function parsedMetadata(stored: Readonly<Record<string, string>>): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(stored)) result[key] = metadataValue(value);
  return result;
}

/** One metadata value, see parsedMetadata. */
export function metadataValue(stored: string): unknown {
  const value = objectInText(stored);
  if (typeof value !== 'string') return value;
  if (!/^(?:-?\d|true$|false$|null$)/.test(stored)) return stored;
  const parsed = parseOr(stored, stored);
  return JSON.stringify(parsed) === stored ? parsed : stored;
}

function objectInText(value: string): unknown {
  const first = value.trimStart()[0];
  return first === '{' || first === '[' ? parseOr(value, value) : value;
}

function parseOr(value: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return otherwise;
  }
}

/** Decimal or integer strings as numbers, for contracts whose values are JSON numbers. */
export function numbersOf(stored: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(Object.entries(stored).map(([key, value]) => [key, Number(value)]));
}

/** Sum of the entries whose key starts with a prefix; null when there is none. */
export function sumOfPrefix(values: Readonly<Record<string, number>>, prefix: string): number | null {
  const members = Object.entries(values).filter(([key]) => key.startsWith(prefix));
  return members.length === 0 ? null : members.reduce((sum, [, value]) => sum + value, 0);
}

export function numberOrNull(stored: string | null): number | null {
  return stored === null ? null : Number(stored);
}
