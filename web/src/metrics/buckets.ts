// The time buckets that the metrics API makes of a range, so that a chart shows the empty ones too. Pure.
const DAY_S = 86_400;
const WEEK_S = 7 * DAY_S;
/** The steps of the API's granularity `auto` (observe/metrics/statement.ts). */
const STEPS_S = [60, 300, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, DAY_S, WEEK_S];
const MOST = 60;
/** Weeks begin on Mondays; the first Monday after the epoch. */
const FIRST_MONDAY_S = 4 * DAY_S;

/** Seconds of a bucket; null = calendar months. */
export function stepOf(fromMs: number, toMs: number): number | null {
  return STEPS_S.find((step) => (toMs - fromMs) / 1000 / step <= MOST) ?? null;
}

/** The starts of all buckets that the range touches, as ISO text like the API's. */
export function bucketsOf(fromMs: number, toMs: number): string[] {
  const step = stepOf(fromMs, toMs);
  if (step === null) return months(fromMs, toMs);
  const offset = step === WEEK_S ? FIRST_MONDAY_S * 1000 : 0;
  const stepMs = step * 1000;
  const starts: string[] = [];
  for (let at = Math.floor((fromMs - offset) / stepMs) * stepMs + offset; at < toMs; at += stepMs) starts.push(new Date(at).toISOString());
  return starts;
}

function months(fromMs: number, toMs: number): string[] {
  const starts: string[] = [];
  const first = new Date(fromMs);
  for (let month = 0; ; month += 1) {
    const at = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month, 1);
    if (at >= toMs) return starts;
    starts.push(new Date(at).toISOString());
  }
}
