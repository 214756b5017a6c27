// Settling: adds up observations that are old enough into roll-ups, and again where rows were written since. One look at a time, in the process that stores events.
import { FINAL_SETTINGS } from '#observe/store/newest.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { constantSql, instant, join, sql, text, uint32, uint64 } from '#stores/analytics/sql.ts';
import { measureColumns, ROLLED_DIMENSIONS, ROLLED_MEASURES } from './columns.ts';
import { trusted } from './coverage.ts';
import { arrivedBefore, cleanVersions, EVERY_PROJECT, heardOf, type Mark, writeMarks } from './marks.ts';
import { dimensionOf, inSpans, rowsOfRollups } from './rows.ts';
import { BUCKET_MS, floorTo, SETTLED_AFTER_MS, type Span, UNIT_MS } from './times.ts';

export interface SettleDependencies {
  analytics: Pick<Analytics, 'query' | 'insert' | 'command'>;
  now: () => number;
}

/** What a look did. */
export interface Settled {
  /** Stored versions of observations that were added up. */
  rows: number;
  /** There is more to do now. */
  more: boolean;
  /** Everything before is settled or marked; null = nothing is stored. */
  untilMs: number | null;
}

/** Rows that are added up by one statement, which holds one of two connections for reads meanwhile. */
const ROWS_A_STATEMENT = 100_000;
const SPANS_A_STATEMENT = 200;
/** Rows and time that one look takes on. */
const ROWS_A_LOOK = 500_000;
const AHEAD_MS = 8 * 86_400_000;
const UNITS_A_LOOK = 40;
const LIMITS = { timeoutMs: 60_000, lane: 'reader' } as const;

const DIMENSIONS = Object.keys(ROLLED_DIMENSIONS);
const MEASURES = Object.keys(ROLLED_MEASURES);

/** One look: some of what was never settled, else some of what is dirty. @throws what the store throws; another look goes on from there. */
export async function settle({ analytics, now }: SettleDependencies): Promise<Settled> {
  // Rows that are just being deleted would be counted in one part and not in another.
  const [mutations] = await analytics.query<{ count: string }>(
    sql`SELECT count() AS count FROM system.mutations WHERE database = currentDatabase() AND table = 'observations' AND NOT is_done`,
  );
  const nowMs = now();
  const firstMs = await earliest(analytics);
  if (firstMs === null) return { rows: 0, more: false, untilMs: null };
  const [frontier] = await analytics.query<{ ends: string; count: string; version: string }>(
    sql`SELECT maxIf(ends, project_id = ${text(EVERY_PROJECT)}) AS ends, countIf(project_id = ${text(EVERY_PROJECT)}) AS count, max(version) AS version
      FROM rollup_marks WHERE is_clean = 1`,
  );
  heardOf(Number(frontier?.version ?? 0));
  const fromMs = Number(frontier?.count ?? 0) === 0 ? firstMs : Date.parse((frontier as { ends: string }).ends);
  if (Number(mutations?.count ?? 0) > 0) return { rows: 0, more: false, untilMs: fromMs };
  const limitMs = floorTo(nowMs - SETTLED_AFTER_MS, UNIT_MS);
  if (fromMs < limitMs) {
    const ahead = await settleAhead(analytics, { beginMs: fromMs, endMs: Math.min(limitMs, fromMs + AHEAD_MS) }, nowMs);
    return { rows: ahead.rows, more: true, untilMs: ahead.endMs };
  }
  const settled = await settleAgain(analytics, { beginMs: firstMs, endMs: fromMs }, nowMs);
  return { ...settled, untilMs: fromMs };
}

/** The unit of the oldest row: what an import brings may be older than all that was settled. The engine knows it without a look at rows. */
async function earliest(analytics: SettleDependencies['analytics']): Promise<number | null> {
  const [row] = await analytics.query<{ first: string; count: string }>(sql`SELECT min(start_time) AS first, count() AS count FROM observations`, LIMITS);
  return Number(row?.count ?? 0) === 0 ? null : floorTo(Date.parse((row as { first: string }).first), UNIT_MS);
}

/** Units that were never settled, from the oldest, for every project. */
async function settleAhead(analytics: SettleDependencies['analytics'], span: Span, nowMs: number): Promise<{ rows: number; endMs: number }> {
  const counts = await bucketCounts(analytics, EVERY_PROJECT, [span]);
  let [rows, endMs, lastUnitMs] = [0, span.endMs, Number.POSITIVE_INFINITY];
  for (const { beginMs, count } of counts) {
    const unitMs = floorTo(beginMs, UNIT_MS);
    if (rows >= ROWS_A_LOOK && unitMs > lastUnitMs) {
      endMs = unitMs;
      break;
    }
    lastUnitMs = unitMs;
    rows += count;
  }
  const units: number[] = [];
  for (let unitMs = span.beginMs; unitMs < endMs; unitMs += UNIT_MS) units.push(unitMs);
  await addUp(analytics, EVERY_PROJECT, { units, nowMs, counts: counts.filter(({ beginMs }) => beginMs < endMs) });
  return { rows, endMs };
}

/** Whole units that hold dirty buckets whose rows are no longer on their way. */
async function settleAgain(analytics: SettleDependencies['analytics'], settled: Span, nowMs: number): Promise<{ rows: number; more: boolean }> {
  let [rows, taken] = [0, 0];
  for (const [projectId, marks] of await dirtyProjects(analytics, settled, nowMs)) {
    const stale = staleUnits(marks, settled, arrivedBefore(nowMs));
    const units = stale.slice(0, UNITS_A_LOOK - taken);
    if (units.length === 0) continue;
    const counts = await bucketCounts(
      analytics,
      projectId,
      units.map((unitMs) => ({ beginMs: unitMs, endMs: unitMs + UNIT_MS })),
    );
    await addUp(analytics, projectId, { units, nowMs, counts });
    taken += units.length;
    rows += counts.reduce((sum, { count }) => sum + count, 0);
    if (taken >= UNITS_A_LOOK || rows >= ROWS_A_LOOK) break;
  }
  return { rows, more: taken > 0 };
}

/** Marks of the projects with dirty ones, each with those of every project; those of every project first. */
async function dirtyProjects(analytics: SettleDependencies['analytics'], settled: Span, nowMs: number): Promise<[string, Mark[]][]> {
  const rows = await analytics.query<{ project_id: string; begins: string; ends: string; is_clean: number; version: string }>(
    sql`SELECT project_id, begins, ends, is_clean, max(version) AS version FROM rollup_marks
      WHERE (project_id = ${text(EVERY_PROJECT)} OR project_id IN (SELECT project_id FROM rollup_marks WHERE is_clean = 0))
        AND begins < ${instant(new Date(settled.endMs))} AND ends > ${instant(new Date(settled.beginMs))}
      GROUP BY project_id, begins, ends, is_clean ORDER BY project_id`,
    LIMITS,
  );
  const marks = rows.map((row) => ({
    projectId: row.project_id,
    beginMs: Date.parse(row.begins),
    endMs: Date.parse(row.ends),
    isClean: Number(row.is_clean) === 1,
    version: Number(row.version),
  }));
  const projects = Map.groupBy(marks, ({ projectId }) => projectId);
  const everybody = projects.get(EVERY_PROJECT) ?? [];
  const isDue = (mark: Mark): boolean => !mark.isClean && mark.version < arrivedBefore(nowMs);
  return [...projects].flatMap(([projectId, own]) => {
    if (!own.some(isDue)) return [];
    return [[projectId, projectId === EVERY_PROJECT ? own : [...everybody, ...own]] as [string, Mark[]]];
  });
}

/** Beginnings of units with a bucket that no mark makes trusted, though nothing is on its way there. */
function staleUnits(marks: readonly Mark[], settled: Span, dueVersion: number): number[] {
  const units = new Set<number>();
  for (const mark of marks) {
    if (mark.isClean || mark.version >= dueVersion) continue;
    const endMs = Math.min(mark.endMs, settled.endMs);
    for (let unitMs = floorTo(Math.max(mark.beginMs, settled.beginMs), UNIT_MS); unitMs < endMs; unitMs += UNIT_MS) units.add(unitMs);
  }
  // Marks that are still young do not matter here: what lies under them is settled again when they are not.
  const due = marks.filter(({ isClean, version }) => isClean || version < dueVersion);
  return [...units]
    .filter((unitMs) =>
      trusted(
        due.filter(({ beginMs, endMs }) => beginMs < unitMs + UNIT_MS && endMs > unitMs),
        unitMs,
        UNIT_MS / BUCKET_MS,
      ).includes(0),
    )
    .sort((one, other) => one - other);
}

interface BucketCount {
  beginMs: number;
  count: number;
}

/** Stored versions by bucket, in order. */
async function bucketCounts(analytics: SettleDependencies['analytics'], projectId: string, spans: readonly Span[]): Promise<BucketCount[]> {
  const project = projectId === EVERY_PROJECT ? sql`1` : sql`project_id = ${text(projectId)}`;
  const rows = await analytics.query<{ bucket: string; count: string }>(
    sql`SELECT toStartOfInterval(start_time, toIntervalMinute(15)) AS bucket, count() AS count FROM observations
      WHERE ${project} AND ${inSpans(spans)} GROUP BY bucket ORDER BY bucket`,
    LIMITS,
  );
  return rows.map(({ bucket, count }) => ({ beginMs: Date.parse(bucket), count: Number(count) }));
}

const COLUMNS = [
  'project_id',
  'bucket',
  ...DIMENSIONS.map((name) => dimensionOf(name).name),
  'observations',
  ...Object.values(ROLLED_MEASURES).flatMap((measure) => measureColumns(measure).map(([name]) => name)),
];

/** Adds units up in bounded statements; only the clean marks at their end make readers trust them. */
async function addUp(
  analytics: SettleDependencies['analytics'],
  projectId: string,
  { units, nowMs, counts }: { units: readonly number[]; nowMs: number; counts: readonly BucketCount[] },
): Promise<void> {
  const firstMs = units[0] as number;
  const unitsFrom = (unitMs: number): number => (unitMs - firstMs) / UNIT_MS;
  const firstVersion = cleanVersions(nowMs, unitsFrom(units.at(-1) as number) + 1);
  const version = sql`${uint64(String(firstVersion))} + intDiv(toUnixTimestamp(bucket) - ${uint32(firstMs / 1_000)}, ${uint32(UNIT_MS / 1_000)})`;
  const group = sql`sipHash128(toJSONString(tuple(${join(
    DIMENSIONS.map((name) => dimensionOf(name).column),
    ', ',
  )})))`;
  for (const spans of parts(counts)) {
    const rows = rowsOfRollups({
      projectId: projectId === EVERY_PROJECT ? null : projectId,
      spans,
      dimensions: DIMENSIONS,
      measures: MEASURES,
      conditions: [],
    });
    const selected = COLUMNS.map((name) => (name === 'project_id' && projectId !== EVERY_PROJECT ? sql`${text(projectId)}` : constantSql(name)));
    await analytics.command(
      sql`INSERT INTO observation_rollups (${constantSql(COLUMNS.join(', '))}, settled_as, group_hash)
        SELECT ${join(selected, ', ')}, ${version}, ${group} FROM (${rows}) ${FINAL_SETTINGS}, max_threads = 1, max_memory_usage = 400000000, max_execution_time = 60`,
      'reader',
    );
  }
  await writeMarks(
    analytics,
    units.map((beginMs) => ({ projectId, beginMs, endMs: beginMs + UNIT_MS, isClean: true, version: firstVersion + unitsFrom(beginMs) })),
  );
}

/** Buckets in statements of about as many rows as one may take, those that touch as one span; a bucket is never cut. */
function parts(counts: readonly BucketCount[]): Span[][] {
  const result: Span[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const { beginMs, count } of counts) {
    const span = { beginMs, endMs: beginMs + BUCKET_MS };
    const group = result.at(-1);
    if (group === undefined || rows + count > ROWS_A_STATEMENT || group.length >= SPANS_A_STATEMENT) {
      result.push([span]);
      rows = count;
      continue;
    }
    const last = group.at(-1) as Span;
    if (last.endMs === beginMs) last.endMs = span.endMs;
    else group.push(span);
    rows += count;
  }
  return result;
}
