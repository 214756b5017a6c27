// FoldLookup over the analytics store: the newest live rows by identity, one batched read each, on the writer's connection so that reads of people never hold the fold up.
import type { EntityKey, FoldLookup } from '#observe/fold/port.ts';
import type { ObservationRow, ScoreRow, TraceRow } from '#observe/rows.ts';
import type { Analytics, ReadLimits } from '#stores/analytics/port.ts';
import { constantSql, join, type SqlFragment, sql, text, texts } from '#stores/analytics/sql.ts';
import { type FoldedTable, newestOf } from './newest.ts';
import { columnsOf, type TableName } from './tables.ts';

/** Keys a statement: bounds the text and the engine's work. */
const KEYS_A_READ = 2_000;
const LIMITS: ReadLimits = { timeoutMs: 60_000, memoryBytes: 1024 * 1024 * 1024, lane: 'writer' };

/** All columns of a table, as the writer wrote them. */
export function allColumns(table: TableName): SqlFragment {
  return constantSql(columnsOf(table).join(', '));
}

/** Makes the fold's look-ups. Rows come back with the columns and forms of rows.ts. */
export function createLookup(analytics: Analytics): FoldLookup {
  async function read<Row>(table: FoldedTable, column: 'id' | 'trace_id', keys: readonly EntityKey[], narrow: SqlFragment): Promise<Row[]> {
    const rows: Row[] = [];
    for (const chunk of chunked(keys)) {
      const match = join(
        byProject(chunk).map(([project, ids]) => sql`(project_id = ${text(project)} AND ${column === 'id' ? sql`id` : sql`trace_id`} IN ${texts(ids)})`),
        ' OR ',
      );
      rows.push(...(await analytics.query<Row>(sql`SELECT * FROM ${newestOf(table, allColumns(table), match)} WHERE ${narrow}`, LIMITS)));
    }
    return rows;
  }
  return {
    traces: (keys) => read<TraceRow>('traces', 'id', keys, sql`1`),
    observations: (keys) => read<ObservationRow>('observations', 'id', keys, sql`1`),
    traceCarriers: (keys) => read<ObservationRow>('observations', 'trace_id', keys, sql`is_trace = 1`),
    scores: (keys) => read<ScoreRow>('scores', 'id', keys, sql`1`),
  };
}

function chunked(keys: readonly EntityKey[]): EntityKey[][] {
  const chunks: EntityKey[][] = [];
  for (let start = 0; start < keys.length; start += KEYS_A_READ) chunks.push(keys.slice(start, start + KEYS_A_READ));
  return chunks;
}

function byProject(keys: readonly EntityKey[]): [string, string[]][] {
  const projects = new Map<string, string[]>();
  for (const key of keys) {
    const ids = projects.get(key.projectId);
    if (ids) ids.push(key.id);
    else projects.set(key.projectId, [key.id]);
  }
  return [...projects];
}
