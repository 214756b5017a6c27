// Tombstones of stored rows: the key of a row, a version behind it, and no content.
import { randomUUID } from 'node:crypto';
import { createMarker } from '#observe/rollups/marks.ts';
import { type FoldedTable, newestOf } from '#observe/store/newest.ts';
import { partitionOf } from '#observe/store/writer.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { type SqlFragment, sql, text, texts } from '#stores/analytics/sql.ts';

const ROWS_AN_INSERT = 10_000;

interface StoredKeyRow {
  project_id: string;
  row_version: string;
  retention_class: number;
  id: string;
  trace_id?: string;
  start_time?: string;
  timestamp?: string;
}

const BOOKKEEPING = sql`project_id, row_version, retention_class`;

/** Keys of what is stored of a trace. */
export function keysOfTraces(projectId: string, traceIds: readonly string[]): [FoldedTable, SqlFragment][] {
  const project = sql`project_id = ${text(projectId)}`;
  const named = sql`SELECT id FROM scores WHERE ${project} AND trace_id IN ${texts(traceIds)}`;
  return [
    [
      'observations',
      sql`SELECT * FROM ${newestOf('observations', sql`${BOOKKEEPING}, trace_id, id, start_time`, sql`${project} AND trace_id IN ${texts(traceIds)}`)}`,
    ],
    ['traces', sql`SELECT * FROM ${newestOf('traces', sql`${BOOKKEEPING}, id, timestamp`, sql`${project} AND id IN ${texts(traceIds)}`)}`],
    // A score's trace may have changed: its newest version counts.
    [
      'scores',
      sql`SELECT * FROM ${newestOf('scores', sql`${BOOKKEEPING}, id, trace_id, timestamp`, sql`${project} AND id IN (${named})`)} WHERE trace_id IN ${texts(traceIds)}`,
    ],
  ];
}

/** Key of a score. */
export function keyOfScore(projectId: string, id: string): SqlFragment {
  return sql`SELECT * FROM ${newestOf('scores', sql`${BOOKKEEPING}, id, trace_id, timestamp`, sql`project_id = ${text(projectId)} AND id = ${text(id)}`)}`;
}

/** Writes a tombstone for each row that the statement finds. Returns how many. Nothing else may write rows meanwhile. */
export async function bury(analytics: Analytics, table: FoldedTable, keys: SqlFragment): Promise<number> {
  let count = 0;
  let waiting: StoredKeyRow[] = [];
  for await (const row of analytics.stream<StoredKeyRow>(keys, { timeoutMs: 60_000, lane: 'writer' })) {
    waiting.push(row);
    if (waiting.length < ROWS_AN_INSERT) continue;
    count += waiting.length;
    await insert(analytics, table, waiting.splice(0));
  }
  count += waiting.length;
  await insert(analytics, table, waiting);
  waiting = [];
  return count;
}

async function insert(analytics: Analytics, table: FoldedTable, rows: readonly StoredKeyRow[]): Promise<void> {
  const tombstones = rows.map(tombstoneOf);
  // What was added up of them is distrusted before they are gone.
  if (table === 'observations') await createMarker(analytics).before(tombstones);
  const partitions = Map.groupBy(tombstones, (row) => partitionOf(row.retention_class, row.start_time ?? row.timestamp ?? ''));
  for (const [partition, members] of partitions) await analytics.insert(table, members, `deleted/${partition}/${randomUUID()}`);
}

/** Columns that are not named are empty. An event after the deletion has a greater sequence, or the same one and wins: a live row beats a tombstone of its version. */
function tombstoneOf(row: StoredKeyRow): StoredKeyRow & { is_deleted: number; received_at: string; created_at: string; updated_at: string } {
  const now = `${new Date().toISOString().slice(0, -1)}000Z`;
  return { ...row, row_version: String(BigInt(row.row_version) + 1n), is_deleted: 1, received_at: now, created_at: now, updated_at: now };
}
