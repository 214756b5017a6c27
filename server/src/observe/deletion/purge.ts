// What was hidden leaves for good: rows out of the parts, content out of archived journal records, media and comments; and the receipt says when no file held it any longer.
import { decodeRecord } from '#observe/ingest/decode.ts';
import type { EntityEvent, ObservationFields, ScoreFields } from '#observe/ingest/events.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import { type ArchiveDependencies, archivesOf, indexArchives, receivedAtMs, rewriteArchives } from '#observe/life/archive.ts';
import { removeContentOf, unlinkTraces } from '#observe/life/media-left.ts';
import { deleteRows, tableIs } from '#observe/life/remove-rows.ts';
import { markDirty } from '#observe/rollups/marks.ts';
import { removeRollups } from '#observe/rollups/remove.ts';
import { ALWAYS } from '#observe/rollups/times.ts';
import { TABLE_NAMES, type TableName } from '#observe/store/tables.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { instant, type SqlFragment, sql, text, texts } from '#stores/analytics/sql.ts';
import { JournalKind, type JournalRecord } from '#stores/journal/port.ts';
import { sql as recordsSql } from '#stores/records/sql.ts';
import { type DeletionRow, keepEntityIds, noteStep, openDeletions, type Removed } from './receipts.ts';

export interface PurgeDependencies extends ArchiveDependencies {
  analytics: Analytics;
  /** Whether a journal that is not archived yet may hold records up to a sequence that was reached at an instant. */
  journalHolds: (sequence: bigint, reachedAtMs: number) => Promise<boolean>;
}

const COUNTED_AS: Partial<Record<TableName, string>> = { dead_letters: 'deadLetters', otel_logs: 'otelLogs', otel_metrics: 'otelMetrics' };
const DELETIONS_A_LOOK = 100;
const LIMITS = { timeoutMs: 300_000 };

/** One look at every deletion that is not at its end. Returns whether some wait for another look. @throws what the stores throw; another look goes on from there. */
export async function purgeDeletions(dependencies: PurgeDependencies): Promise<boolean> {
  const open = await openDeletions(dependencies.records, DELETIONS_A_LOOK);
  for (const deletion of open) {
    if (deletion.hidden_at === null) continue;
    if (deletion.purged_at === null) await purgeRows(dependencies, deletion);
    else if (deletion.archived_at === null) await purgeArchive(dependencies, deletion);
    else if (!(await partsRemain(dependencies.analytics, deletion.purged_at))) await noteStep(dependencies.records, deletion.id, 'gone');
  }
  return open.length > 0;
}

async function purgeRows(dependencies: PurgeDependencies, deletion: DeletionRow): Promise<void> {
  const { analytics, records } = dependencies;
  const counts: Record<string, number> = {};
  let bytes = 0;
  if (deletion.kind === 'traces') await keepEntityIds(records, deletion.id, await entitiesOf(analytics, deletion));
  // Nobody reads a deleted project; what is left of its sums may not be trusted by whoever has its id next.
  if (deletion.kind === 'project') await markDirty(analytics, deletion.project_id, ALWAYS, Date.now());
  const observations = rowsOf('observations', deletion);
  if (observations !== null) await removeRollups(analytics, deletion.project_id, observations, deletion.requested_at.getTime());
  for (const table of TABLE_NAMES) {
    const condition = rowsOf(table, deletion);
    if (condition === null) continue;
    const identity = table === 'dead_letters' ? sql`count()` : sql`uniqExact(id)`;
    const [found] = await analytics.query<{ rows: string; bytes: string }>(
      sql`SELECT ${identity} AS rows, sum(byteSize(*)) AS bytes FROM ${tableIs(table)} WHERE ${condition}`,
      LIMITS,
    );
    if (Number(found?.bytes ?? 0) === 0) continue;
    await deleteRows(analytics, table, condition);
    counts[COUNTED_AS[table] ?? table] = Number(found?.rows ?? 0);
    bytes += Number(found?.bytes ?? 0);
  }
  const beside = await purgeRecords(dependencies, deletion);
  await noteStep(records, deletion.id, 'purged', { counts: { ...counts, ...beside.counts }, bytes: bytes + beside.bytes });
}

/** Ids of everything below the traces: an update of an observation names its trace or not. */
async function entitiesOf(analytics: Analytics, { project_id: projectId, subjects }: DeletionRow): Promise<string[]> {
  const match = sql`project_id = ${text(projectId)} AND trace_id IN ${texts(subjects)}`;
  const rows = await analytics.query<{ id: string }>(
    sql`SELECT id FROM observations WHERE ${match} UNION DISTINCT SELECT id FROM scores WHERE ${match}`,
    LIMITS,
  );
  return rows.map(({ id }) => id);
}

/** Which rows of a table a deletion takes; null = none. Ids only: the engine keeps the text of the statement. */
function rowsOf(table: TableName, deletion: DeletionRow): SqlFragment | null {
  const project = sql`project_id = ${text(deletion.project_id)}`;
  if (deletion.kind === 'project') return sql`${project} AND received_at <= ${instant(deletion.requested_at)}`;
  if (table === 'dead_letters') return sql`${project} AND ${deadLetterNames(deletion.subjects)}`;
  if (table === 'otel_metrics') return null;
  if (deletion.kind === 'score') return table === 'scores' ? sql`${project} AND ${deadVersions(deletion)}` : null;
  return table === 'traces' ? sql`${project} AND id IN ${texts(deletion.subjects)}` : sql`${project} AND trace_id IN ${texts(deletion.subjects)}`;
}

/** A score that was sent again after its deletion lies above the tombstone. */
function deadVersions({ project_id: projectId, subjects }: DeletionRow): SqlFragment {
  const buried = sql`SELECT id, max(row_version) FROM scores WHERE project_id = ${text(projectId)} AND id IN ${texts(subjects)} AND is_deleted = 1 GROUP BY id`;
  const last = sql`(SELECT max(row_version) FROM scores WHERE project_id = ${text(projectId)} AND id IN ${texts(subjects)} AND is_deleted = 1)`;
  return sql`id IN (SELECT id FROM (${buried})) AND (row_version < ${last} OR (row_version = ${last} AND is_deleted = 1))`;
}

/** A dead letter holds the event as text, or whole records as base64: ids stand in quotes, OTLP's binary form has their bytes. */
function deadLetterNames(ids: readonly string[]): SqlFragment {
  return sql`arrayExists(name -> position(content, concat('"', name, '"')) > 0 OR position(tryBase64Decode(content), concat('"', name, '"')) > 0
    OR (match(name, '^[0-9a-f]{32}$') AND position(tryBase64Decode(content), unhex(name)) > 0), ${texts(ids)})`;
}

/** What the records hold of it. */
async function purgeRecords({ records, blobs }: PurgeDependencies, deletion: DeletionRow): Promise<Removed> {
  const { project_id: projectId, subjects, kind } = deletion;
  if (kind === 'score') return { counts: {}, bytes: 0 };
  if (kind === 'project') {
    const media = await removeContentOf(blobs, projectId, deletion.requested_at);
    return { counts: { media: media.media }, bytes: media.bytes };
  }
  const [row] = await records.query<{ comments: string; items: string }>(recordsSql`
    WITH entities AS (SELECT unnest(entity_ids) AS id FROM deletions WHERE id = ${deletion.id}),
    comments_gone AS (DELETE FROM comments WHERE project_id = ${projectId} AND ((object_type = 'TRACE' AND object_id = ANY (${subjects}::text[]))
      OR (object_type = 'OBSERVATION' AND object_id IN (SELECT id FROM entities))) RETURNING 1),
    items_gone AS (DELETE FROM annotation_queue_items WHERE project_id = ${projectId} AND ((object_type = 'TRACE' AND object_id = ANY (${subjects}::text[]))
      OR (object_type = 'OBSERVATION' AND object_id IN (SELECT id FROM entities))) RETURNING 1)
    SELECT (SELECT count(*) FROM comments_gone) AS comments, (SELECT count(*) FROM items_gone) AS items`);
  const media = await unlinkTraces({ records, blobs }, projectId, subjects);
  return { counts: { comments: Number(row?.comments ?? 0), queueItems: Number(row?.items ?? 0), media: media.media }, bytes: media.bytes };
}

async function purgeArchive(dependencies: PurgeDependencies, deletion: DeletionRow): Promise<void> {
  const reachedAt = (deletion.hidden_at as Date).getTime();
  if (await dependencies.journalHolds(BigInt(deletion.hidden_sequence ?? 0), reachedAt)) return;
  await indexArchives(dependencies);
  const keys = await archivesOf(dependencies.records, deletion.project_id);
  const rewritten = await rewriteArchives(dependencies, keys, leavesWith(deletion));
  await noteStep(dependencies.records, deletion.id, 'archived', { counts: { archivedRecords: rewritten.records }, bytes: rewritten.bytes });
}

/** Whether a record goes: a record that holds anything of a deleted trace goes whole, what else it held is stored as rows. */
function leavesWith({
  project_id: projectId,
  kind,
  subjects,
  entity_ids: entityIds,
  requested_at: requestedAt,
}: DeletionRow): (record: JournalRecord) => boolean {
  const names = new Set(subjects);
  const entities = new Set(entityIds);
  const concerns = (event: EntityEvent): boolean => {
    if (kind === 'score') return event.kind === 'score' && names.has(event.id);
    if (event.kind === 'trace') return names.has(event.id);
    return names.has((event.fields as Partial<ObservationFields & ScoreFields>).trace_id ?? '') || entities.has(event.id) || names.has(event.id);
  };
  return (record) => {
    if (record.project !== projectId) return false;
    if (kind !== 'traces' && (receivedAtMs(record) ?? 0) > requestedAt.getTime()) return false;
    if (kind === 'project') return true;
    if (record.kind === JournalKind.callStarted) return names.has(traceOfHeader(record));
    const { events, logs, undecodable } = decodeRecord(record);
    if (kind === 'traces' && logs.some(({ traceId }) => names.has(traceId))) return true;
    return events.some(concerns) || undecodable.some(({ content }) => subjects.some((name) => content.includes(JSON.stringify(name))));
  };
}

function traceOfHeader({ parts }: JournalRecord): string {
  const header = parseJson(parts[0]?.toString('utf8') ?? '');
  return isObject(header) && typeof header.traceId === 'string' ? header.traceId : '';
}

/** Whether a part that was read before an instant still lies on the disk, replaced. */
async function partsRemain(analytics: Analytics, before: Date): Promise<boolean> {
  const [row] = await analytics.query<{ count: string }>(
    sql`SELECT count() AS count FROM system.parts WHERE NOT active AND database = currentDatabase() AND modification_time <= ${instant(before)}`,
  );
  return Number(row?.count ?? 0) > 0;
}
