// LiteLLM's durations ("30s", "12h", "30d", "1mo") as instants.

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000, mo: 30 * 86_400_000 };
const LONGEST_MS = 100 * 366 * 86_400_000;

/** Milliseconds of a duration text; null when it is not one, is not positive, or is longer than a hundred years. A month is 30 days. */
export function durationMs(text: string): number | null {
  const match = /^(\d{1,12})(s|m|h|d|w|mo)$/.exec(text.trim());
  if (match === null) return null;
  const ms = Number(match[1]) * (UNITS[match[2] as string] as number);
  return ms > 0 && ms <= LONGEST_MS ? ms : null;
}
