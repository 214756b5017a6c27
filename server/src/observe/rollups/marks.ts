// What roll-ups may be trusted for: a clean mark says that a span was added up, a dirty mark that something there was about to be written. The newer mark of a place counts.
import { randomUUID } from 'node:crypto';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql } from '#stores/analytics/sql.ts';
import { ALWAYS, BUCKET_MS, ceilTo, floorTo, LIVE_MS, ON_THE_WAY_MS, REACH_MS, type Span } from './times.ts';

export const MARKS_TABLE = 'rollup_marks';
/** Stands for every project. */
export const EVERY_PROJECT = '';

export interface Mark extends Span {
  projectId: string;
  isClean: boolean;
  /** Microseconds since 1970. */
  version: number;
}

let [latestMs, lastClean] = [0, 0];

/** The time of marks never goes back, whatever the machine's clock does: a mark that is made later is never the older one. */
function onwards(nowMs: number): number {
  latestMs = Math.max(latestMs, Math.ceil(nowMs));
  return latestMs;
}

/** Told of the newest clean mark of the store: another process may have made it by a clock that was ahead. */
export function heardOf(cleanVersion: number): void {
  onwards(cleanVersion / 1_000 + ON_THE_WAY_MS);
}

const dirtyAt = (nowMs: number): number => onwards(nowMs) * 1_000;

/**
 * Versions of so many clean marks, the first of them. As old as what may still be on its way, so that a dirty mark which was made since counts as the newer one; no two are
 * the same: a version names one unit of one project, or of all.
 */
export function cleanVersions(nowMs: number, count: number): number {
  const first = Math.max((onwards(nowMs) - ON_THE_WAY_MS) * 1_000, lastClean + 1);
  lastClean = first + count - 1;
  return first;
}

/** Marks that are older than this have their rows in the store, or never will. */
export const arrivedBefore = (nowMs: number): number => (onwards(nowMs) - ON_THE_WAY_MS) * 1_000;

/** The newest clean mark of the store. */
export const NEWEST_CLEAN = sql`SELECT max(version) AS version FROM rollup_marks WHERE is_clean = 1`;

/** Writes marks durably. @throws AppError 503 while the store is away. */
export async function writeMarks(analytics: Pick<Analytics, 'insert'>, marks: readonly Mark[]): Promise<void> {
  const rows = marks.map(({ projectId, beginMs, endMs, isClean, version }) => ({
    project_id: projectId,
    begins: new Date(beginMs).toISOString(),
    ends: new Date(endMs).toISOString(),
    is_clean: isClean ? 1 : 0,
    version: String(version),
  }));
  await analytics.insert(MARKS_TABLE, rows, `mark/${randomUUID()}`);
}

type MarkStore = Pick<Analytics, 'query' | 'insert'>;

async function hearOfOthers(analytics: MarkStore): Promise<void> {
  const [newest] = await analytics.query<{ version: string }>(NEWEST_CLEAN, { lane: 'writer' });
  heardOf(Number(newest?.version ?? 0));
}

/** Distrusts what was added up of a span; written before the rows that change it. */
export async function markDirty(analytics: MarkStore, projectId: string, span: Span, nowMs: number): Promise<void> {
  await hearOfOthers(analytics);
  await writeMarks(analytics, [{ projectId, ...span, isClean: false, version: dirtyAt(nowMs) }]);
}

/** What of an observation's row says which roll-ups it changes. Tombstones have their key only. */
export interface MarkedRow {
  project_id: string;
  start_time?: string | undefined;
  is_deleted?: number | undefined;
  cost_source?: string | undefined;
  call_id?: string | undefined;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Whether a row may change what other observations count. */
const reaches = ({ is_deleted: isDeleted, cost_source: source, call_id: call }: MarkedRow): boolean =>
  isDeleted !== 0 || call === undefined || call !== '' || source === undefined || source === 'gateway';

/** Spans whose roll-ups the rows change, each once, as of an instant. */
function spansOf(rows: readonly MarkedRow[], nowMs: number): Map<string, Span & { projectId: string }> {
  const liveMs = nowMs - LIVE_MS;
  const [narrowLive, wideLive] = [new Date(liveMs).toISOString(), new Date(liveMs + REACH_MS).toISOString()];
  const spans = new Map<string, Span & { projectId: string }>();
  for (const row of rows) {
    const startTime = row.start_time;
    // As text, because every row that is stored passes here and nearly all are of today.
    if (startTime !== undefined && startTime >= (reaches(row) ? wideLive : narrowLive) && INSTANT.test(startTime)) continue;
    const span = spanOf(row, liveMs);
    spans.set(`${row.project_id}/${span.beginMs}/${span.endMs}`, { ...span, projectId: row.project_id });
  }
  return spans;
}

function spanOf(row: MarkedRow, liveMs: number): Span {
  const startMs = row.start_time !== undefined && INSTANT.test(row.start_time) ? Date.parse(row.start_time) : Number.NaN;
  if (Number.isNaN(startMs)) return ALWAYS;
  const aroundMs = reaches(row) ? REACH_MS : 0;
  return {
    beginMs: Math.max(0, floorTo(startMs - aroundMs, BUCKET_MS)),
    endMs: Math.min(floorTo(startMs + aroundMs, BUCKET_MS) + BUCKET_MS, ceilTo(liveMs, BUCKET_MS) + BUCKET_MS),
  };
}

/** A mark that is younger than this is not written again. */
const FRESH_MS = 60_000;
const MOST_REMEMBERED = 50_000;

export interface Marker {
  /** Marks dirty what the rows will change; undefined when that is nothing that could be settled. Awaited before each attempt to write them. */
  before(rows: readonly MarkedRow[]): Promise<void> | undefined;
}

/** Makes the marker of a writer. */
export function createMarker(analytics: MarkStore, now: () => number = Date.now): Marker {
  const marked = new Map<string, number>();
  const mark = async (due: readonly [string, Span & { projectId: string }][], nowMs: number): Promise<void> => {
    if (marked.size === 0) await hearOfOthers(analytics);
    const version = dirtyAt(nowMs);
    await writeMarks(
      analytics,
      due.map(([, span]) => ({ ...span, isClean: false, version })),
    );
    if (marked.size > MOST_REMEMBERED) marked.clear();
    for (const [key] of due) marked.set(key, nowMs);
  };
  return {
    before(rows) {
      const nowMs = now();
      const spans = spansOf(rows, nowMs);
      if (spans.size === 0) return undefined;
      const due = [...spans].filter(([key]) => Math.abs(nowMs - (marked.get(key) ?? Number.NEGATIVE_INFINITY)) > FRESH_MS);
      return due.length === 0 ? undefined : mark(due, nowMs);
    },
  };
}
