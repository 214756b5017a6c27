// Reads every form in which upstreams say when to come back.

/** Anything longer is not a hint but a defect. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * Milliseconds to wait, the least of all hints, or null without a usable one.
 * Forms: retry-after-ms, x-ms-retry-after-ms (milliseconds), retry-after (seconds or an HTTP date). Garbage, negative and absurd values are no hints.
 */
export function retryAfterMs(headers: Readonly<Record<string, string | string[] | undefined>>, nowMs: number): number | null {
  const hints = [milliseconds(headers['retry-after-ms'], 1), milliseconds(headers['x-ms-retry-after-ms'], 1), retryAfter(headers['retry-after'], nowMs)];
  const usable = hints.filter((hint) => hint !== null && hint <= LONGEST_MS) as number[];
  return usable.length === 0 ? null : Math.min(...usable);
}

/** The hint inside an error of Google's APIs: an entry of `details` with `retryDelay: "34s"` (google.rpc.RetryInfo). */
export function retryDelayMs(details: unknown): number | null {
  for (const entry of Array.isArray(details) ? details : []) {
    const delay = typeof entry === 'object' && entry !== null ? (entry as { retryDelay?: unknown }).retryDelay : undefined;
    const seconds = typeof delay === 'string' ? /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(delay)?.[1] : undefined;
    if (seconds !== undefined && Number(seconds) * 1000 <= LONGEST_MS) return Math.ceil(Number(seconds) * 1000);
  }
  return null;
}

function milliseconds(value: string | string[] | undefined, unitMs: number): number | null {
  if (typeof value !== 'string' || !/^\s*\d{1,15}(\.\d+)?\s*$/.test(value)) return null;
  return Math.ceil(Number(value) * unitMs);
}

function retryAfter(value: string | string[] | undefined, nowMs: number): number | null {
  const seconds = milliseconds(value, 1000);
  if (seconds !== null || typeof value !== 'string') return seconds;
  // An HTTP date names its day; Date.parse alone would take "5" or "-5" for a year.
  if (!/^\s*[A-Za-z]{3,9},/.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
