// A day of the command line (2026-04-01) as the instant at which it begins in UTC.

/** Null when it is none. */
export function dayStart(text: string): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const day = new Date(`${text}T00:00:00.000Z`);
  return Number.isNaN(day.getTime()) || !day.toISOString().startsWith(text) ? null : day.toISOString();
}
