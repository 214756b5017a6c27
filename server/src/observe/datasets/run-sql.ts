// The statements of dataset runs and their items.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Page } from './schema.ts';
import { jsonText } from './sql.ts';

export interface RunRow {
  id: string;
  project_id: string;
  dataset_id: string;
  dataset_name: string;
  name: string;
  description: string | null;
  metadata: unknown;
  created_at: Date;
  updated_at: Date;
}

const RUN = sql`r.id, r.project_id, r.dataset_id, d.name AS dataset_name, r.name, r.description, r.metadata, r.created_at, r.updated_at`;

/** The run of a name in a dataset, made when there is none; description and metadata are changed when they are given. */
export async function upsertRun(
  session: RecordsSession,
  run: { id: string; projectId: string; datasetId: string; name: string; description: string | null; metadata: unknown },
): Promise<string> {
  const [stored] = await session.query<{ id: string }>(sql`
    INSERT INTO dataset_runs AS stored (id, project_id, dataset_id, name, description, metadata)
    VALUES (${run.id}, ${run.projectId}, ${run.datasetId}, ${run.name}, ${run.description}, ${jsonText(run.metadata)}::json)
    ON CONFLICT (dataset_id, name) DO UPDATE SET description = coalesce(EXCLUDED.description, stored.description),
      metadata = coalesce(EXCLUDED.metadata, stored.metadata), updated_at = now()
    RETURNING id`);
  return (stored as { id: string }).id;
}

export async function runByName(session: RecordsSession, key: { projectId: string; datasetName: string; runName: string }): Promise<RunRow | null> {
  const rows = await session.query<RunRow>(sql`
    SELECT ${RUN} FROM dataset_runs r JOIN datasets d ON d.id = r.dataset_id WHERE r.project_id = ${key.projectId} AND d.name = ${key.datasetName} AND r.name = ${key.runName}`);
  return rows[0] ?? null;
}

export async function runOfDataset(session: RecordsSession, key: { projectId: string; datasetId: string; runName: string }): Promise<RunRow | null> {
  const rows = await session.query<RunRow>(sql`
    SELECT ${RUN} FROM dataset_runs r JOIN datasets d ON d.id = r.dataset_id WHERE r.project_id = ${key.projectId} AND r.dataset_id = ${key.datasetId} AND r.name = ${key.runName}`);
  return rows[0] ?? null;
}

export async function listRuns(session: RecordsSession, datasetId: string, page: Page): Promise<{ rows: RunRow[]; total: number }> {
  const rows = await session.query<RunRow>(sql`
    SELECT ${RUN} FROM dataset_runs r JOIN datasets d ON d.id = r.dataset_id WHERE r.dataset_id = ${datasetId}
    ORDER BY r.created_at DESC, r.id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM dataset_runs WHERE dataset_id = ${datasetId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

/** Names of the runs of datasets, newest first. */
export async function runNamesOf(session: RecordsSession, datasetIds: readonly string[]): Promise<{ dataset_id: string; name: string }[]> {
  return await session.query(
    sql`SELECT dataset_id, name FROM dataset_runs WHERE dataset_id = ANY (${datasetIds}::text[]) ORDER BY created_at DESC, id LIMIT 100000`,
  );
}

/** Ids of the active items of datasets, newest first. */
export async function itemIdsOf(session: RecordsSession, datasetIds: readonly string[]): Promise<{ dataset_id: string; id: string }[]> {
  return await session.query(sql`
    SELECT dataset_id, id FROM dataset_items WHERE dataset_id = ANY (${datasetIds}::text[]) AND valid_to IS NULL AND status = 'ACTIVE' ORDER BY created_at DESC, id LIMIT 100000`);
}

export async function deleteRun(session: RecordsSession, id: string): Promise<void> {
  await session.query(sql`DELETE FROM dataset_runs WHERE id = ${id}`);
}

export interface RunItemRow {
  id: string;
  dataset_run_id: string;
  dataset_run_name: string;
  dataset_item_id: string;
  trace_id: string;
  observation_id: string | null;
  created_at: Date;
  updated_at: Date;
}

const RUN_ITEM = sql`i.id, i.dataset_run_id, r.name AS dataset_run_name, i.dataset_item_id, i.trace_id, i.observation_id, i.created_at, i.updated_at`;

export interface NewRunItem {
  id: string;
  projectId: string;
  runId: string;
  itemId: string;
  itemValidFrom: Date;
  traceId: string;
  observationId: string | null;
  createdAt: string | null;
}

/** Sent again for the same item, trace and observation (a retry), it is the same run item. */
export async function insertRunItem(session: RecordsSession, item: NewRunItem): Promise<RunItemRow> {
  await session.query(sql`
    INSERT INTO dataset_run_items (id, project_id, dataset_run_id, dataset_item_id, item_valid_from, trace_id, observation_id, created_at)
    SELECT ${item.id}, ${item.projectId}, ${item.runId}, ${item.itemId}, ${item.itemValidFrom}, ${item.traceId}, ${item.observationId},
      coalesce(${item.createdAt}::timestamptz, now())
    WHERE NOT EXISTS (SELECT 1 FROM dataset_run_items WHERE dataset_run_id = ${item.runId} AND dataset_item_id = ${item.itemId} AND trace_id = ${item.traceId}
      AND observation_id IS NOT DISTINCT FROM ${item.observationId}::text)`);
  const [stored] = await session.query<RunItemRow>(sql`
    SELECT ${RUN_ITEM} FROM dataset_run_items i JOIN dataset_runs r ON r.id = i.dataset_run_id
    WHERE i.dataset_run_id = ${item.runId} AND i.dataset_item_id = ${item.itemId} AND i.trace_id = ${item.traceId} AND i.observation_id IS NOT DISTINCT FROM ${item.observationId}::text
    ORDER BY i.created_at LIMIT 1`);
  return stored as RunItemRow;
}

/** A page of a run's items, newest first. */
/** The trace of an item in a run; null when it has none. */
export async function traceOfRunItem(session: RecordsSession, of: { datasetId: string; runName: string; itemId: string }): Promise<string | null> {
  const [row] = await session.query<{ trace_id: string }>(sql`
    SELECT i.trace_id FROM dataset_run_items i JOIN dataset_runs r ON r.id = i.dataset_run_id
    WHERE r.dataset_id = ${of.datasetId} AND r.name = ${of.runName} AND i.dataset_item_id = ${of.itemId} LIMIT 1`);
  return row?.trace_id ?? null;
}

export async function listRunItems(session: RecordsSession, runId: string, page: Page): Promise<{ rows: RunItemRow[]; total: number }> {
  const rows = await session.query<RunItemRow>(sql`
    SELECT ${RUN_ITEM} FROM dataset_run_items i JOIN dataset_runs r ON r.id = i.dataset_run_id WHERE i.dataset_run_id = ${runId}
    ORDER BY i.created_at DESC, i.id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM dataset_run_items WHERE dataset_run_id = ${runId}`);
  return { rows, total: Number(count?.total ?? 0) };
}
