// Instants: ISO 8601 and nanoseconds in, whole microseconds inside, DateTime64(6) text out; clamped to what the partitions can hold.

const DAY_US = 86_400_000_000;
const FIVE_YEARS_US = 5 * 365.25 * DAY_US;
const ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?(Z|z|[+-]\d{2}(?::?\d{2})?)$/;

/** The second that was read last, as `2026-11-23T21:40:00` with its microseconds: events come in runs of the same one. */
let readSecond = '';
let readSecondUs = 0;
/** Length of `2026-11-23T21:40:00.123Z`, which is what Date writes. */
const DATE_LENGTH = 24;

/** Microseconds of an ISO 8601 instant with an offset ("2026-11-23T21:40:00.123456-08:00"); null when it is none. */
export function parseInstant(text: string): number | null {
  if (text.length !== DATE_LENGTH || text[19] !== '.' || text[23] !== 'Z') return parseAny(text);
  if (text.startsWith(readSecond) && readSecond !== '') {
    const [hundreds, tens, ones] = [text.charCodeAt(20) - 48, text.charCodeAt(21) - 48, text.charCodeAt(22) - 48] as const;
    if (isDigit(hundreds) && isDigit(tens) && isDigit(ones)) return readSecondUs + (hundreds * 100 + tens * 10 + ones) * 1000;
  }
  const us = parseAny(text);
  if (us !== null) {
    readSecond = text.slice(0, 19);
    readSecondUs = Math.floor(us / 1_000_000) * 1_000_000;
  }
  return us;
}

const isDigit = (value: number): boolean => value >= 0 && value <= 9;

function parseAny(text: string): number | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [, date, minutes, seconds = '00', fraction = '', zone = 'Z'] = match;
  const offset = zone.length === 3 ? `${zone}:00` : zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const wholeMs = Date.parse(`${date}T${minutes}:${seconds}${offset}`);
  if (Number.isNaN(wholeMs)) return null;
  return wholeMs * 1000 + (fraction === '' ? 0 : Number(fraction.padEnd(6, '0').slice(0, 6)));
}

/** The last second that was formatted: events come in runs of the same one. */
let lastSecond = Number.NaN;
let lastText = '';

/** "2026-11-23T21:40:00.123456Z" of microseconds. */
export function formatInstant(us: number): string {
  const second = Math.floor(us / 1_000_000);
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, -4);
    lastSecond = second;
  }
  return `${lastText}${String(us - second * 1_000_000 + 1_000_000).slice(1)}Z`;
}

/** The inverse of formatInstant, also for ClickHouse's "2026-11-23 21:40:00.123456". */
export function parseStoredInstant(text: string): number {
  const iso = text.length > 10 && text[10] === ' ' ? `${text.slice(0, 10)}T${text.slice(11)}` : text;
  return parseInstant(iso.endsWith('Z') ? iso : `${iso}Z`) ?? 0;
}

/** An instant brought into [receivedAt - 5 years, receivedAt + 1 day]. */
export function clampInstant(us: number, receivedAtUs: number): number {
  return Math.min(Math.max(us, receivedAtUs - FIVE_YEARS_US), receivedAtUs + DAY_US);
}
