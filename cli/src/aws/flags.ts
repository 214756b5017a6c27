// The flags that every AWS verb has.

export const AWS_FLAGS = {
  settings: { type: 'string' },
  name: { type: 'string' },
  profile: { type: 'string' },
  region: { type: 'string' },
  gateway: { type: 'string' },
  observe: { type: 'string' },
  allow: { type: 'string', multiple: true },
  ttl: { type: 'string' },
  until: { type: 'string' },
  yes: { type: 'boolean' },
} as const;

export interface AwsFlags {
  settings?: string | undefined;
  name?: string | undefined;
  profile?: string | undefined;
  region?: string | undefined;
  gateway?: string | undefined;
  observe?: string | undefined;
  allow?: string[] | undefined;
  ttl?: string | undefined;
  until?: string | undefined;
  yes?: boolean | undefined;
}

/** "11h", "90m", "2d" in milliseconds; null when it is none of these. */
export function durationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(m|h|d)$/.exec(text.trim());
  if (match === null) return null;
  const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 'm' | 'h' | 'd'];
  return Number(match[1]) * unit;
}

const DAY_MINUTES = 24 * 60;

/** The next "20:00" on the clocks of a time zone, as an instant; null when the text is no time of day. */
export function nextTimeOfDay(text: string, timeZone: string, now: Date): Date | null {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim());
  if (match === null) return null;
  const wanted = Number(match[1]) * 60 + Number(match[2]);
  const begin = Math.floor(now.getTime() / 60_000) * 60_000;
  const first = begin + ((wanted - minuteOfDay(new Date(begin), timeZone) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES) * 60_000;
  // A change of the clocks in between moves it: corrected by what the clocks then show.
  const drift = ((wanted - minuteOfDay(new Date(first), timeZone) + 1.5 * DAY_MINUTES) % DAY_MINUTES) - DAY_MINUTES / 2;
  return new Date(first + drift * 60_000);
}

function minuteOfDay(at: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(at);
  const part = (type: string): number => Number(parts.find((found) => found.type === type)?.value);
  return part('hour') * 60 + part('minute');
}
