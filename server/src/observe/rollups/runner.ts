// When roll-ups are settled: soon after the start and every quarter of an hour, in the process that stores events and only while they are its to store.
import { Pump } from '#lib/pump.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql } from '#stores/analytics/sql.ts';
import { EVERY_PROJECT, markDirty } from './marks.ts';
import { removeSuperseded } from './remove.ts';
import { settle } from './settle.ts';
import { ALWAYS, BUCKET_MS } from './times.ts';

export interface SettlerOptions {
  analytics: Analytics;
  mayRun: () => boolean;
  onError: (error: unknown) => void;
  /** Told when a look found nothing left to do: the first one, and each after work. */
  onSettled: (untilMs: number | null, rows: number) => void;
}

const FIRST_AFTER_MS = 10_000;
const EVERY_MS = BUCKET_MS;
/** What was settled again leaves the files. */
const REMOVE_EVERY_MS = 86_400_000;
/** Between two looks with work in them: reads of people go first. */
const PAUSE_MS = 50;

/** Starts looking. */
export function startSettling({ analytics, mayRun, onError, onSettled }: SettlerOptions): { stop(): Promise<void> } {
  let [isFirst, rows] = [true, 0];
  let removedAtMs = 0;
  const pump = new Pump({
    pass: () => (mayRun() ? work() : Promise.resolve(EVERY_MS)),
    onError,
    againMs: EVERY_MS,
    shortestMs: PAUSE_MS,
    longestMs: EVERY_MS,
  });
  pump.sleep(FIRST_AFTER_MS);
  async function work(): Promise<number> {
    const settled = await settle({ analytics, now: Date.now });
    rows += settled.rows;
    if (settled.more) return PAUSE_MS;
    if (rows > 0 || isFirst) onSettled(settled.untilMs, rows);
    [rows, isFirst] = [0, false];
    if (Date.now() - removedAtMs > REMOVE_EVERY_MS) {
      await removeSuperseded(analytics, Date.now());
      removedAtMs = Date.now();
    }
    return EVERY_MS;
  }
  return { stop: () => pump.close() };
}

/** Distrusts every roll-up: a release wrote rows that marks none. Where nothing was settled there is nothing to distrust. */
export async function distrustEverything(analytics: Pick<Analytics, 'query' | 'insert'>): Promise<void> {
  const [found] = await analytics.query<{ count: string }>(sql`SELECT count() AS count FROM rollup_marks WHERE is_clean = 1`, { lane: 'writer' });
  if (Number(found?.count ?? 0) > 0) await markDirty(analytics, EVERY_PROJECT, ALWAYS, Date.now());
}
