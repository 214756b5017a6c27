// The statements of datasets and their items: one function a statement.
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { JsonSchema } from './json-schema.ts';
import type { ItemList, Page } from './schema.ts';

export interface DatasetRow {
  id: string;
  project_id: string;
  name: string;
  description: string | null;
  metadata: unknown;
  input_schema: JsonSchema | null;
  expected_output_schema: JsonSchema | null;
  created_at: Date;
  updated_at: Date;
}

const DATASET = sql`id, project_id, name, description, metadata, input_schema, expected_output_schema, created_at, updated_at`;

export const jsonText = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value));

/** Makes writers of one dataset take turns until their transactions end: a schema and the items that obey it change one after the other. */
export async function lockDataset(session: RecordsSession, projectId: string, name: string): Promise<void> {
  await session.query(sql`SELECT pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['dataset', projectId, name])}, 0))`);
}

export async function datasetByName(session: RecordsSession, projectId: string, name: string): Promise<DatasetRow | null> {
  const rows = await session.query<DatasetRow>(sql`SELECT ${DATASET} FROM datasets WHERE project_id = ${projectId} AND name = ${name}`);
  return rows[0] ?? null;
}

export async function listDatasets(session: RecordsSession, projectId: string, page: Page): Promise<{ rows: DatasetRow[]; total: number }> {
  const rows = await session.query<DatasetRow>(sql`
    SELECT ${DATASET} FROM datasets WHERE project_id = ${projectId} ORDER BY created_at DESC, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM datasets WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

/** Writes a dataset under its name; a known name keeps its id. */
export async function upsertDataset(session: RecordsSession, row: Omit<DatasetRow, 'created_at' | 'updated_at'>): Promise<DatasetRow> {
  const [stored] = await session.query<DatasetRow>(sql`
    INSERT INTO datasets (id, project_id, name, description, metadata, input_schema, expected_output_schema)
    VALUES (${row.id}, ${row.project_id}, ${row.name}, ${row.description}, ${JSON.stringify(row.metadata ?? {})}::json, ${jsonText(row.input_schema)}::json,
      ${jsonText(row.expected_output_schema)}::json)
    ON CONFLICT (project_id, name) DO UPDATE SET description = EXCLUDED.description, metadata = EXCLUDED.metadata, input_schema = EXCLUDED.input_schema,
      expected_output_schema = EXCLUDED.expected_output_schema, updated_at = now()
    RETURNING ${DATASET}`);
  return stored as DatasetRow;
}

export interface ItemRow {
  project_id: string;
  dataset_id: string;
  dataset_name: string;
  id: string;
  valid_from: Date;
  valid_to: Date | null;
  status: 'ACTIVE' | 'ARCHIVED';
  input: unknown;
  expected_output: unknown;
  metadata: unknown;
  source_trace_id: string | null;
  source_observation_id: string | null;
  created_at: Date;
}

const ITEM = sql`i.project_id, i.dataset_id, d.name AS dataset_name, i.id, i.valid_from, i.valid_to, i.status, i.input, i.expected_output, i.metadata,
  i.source_trace_id, i.source_observation_id, i.created_at`;

/** The version that holds now, archived or not. */
export async function currentItem(session: RecordsSession, projectId: string, id: string): Promise<ItemRow | null> {
  const rows = await session.query<ItemRow>(sql`
    SELECT ${ITEM} FROM dataset_items i JOIN datasets d ON d.id = i.dataset_id WHERE i.project_id = ${projectId} AND i.id = ${id} AND i.valid_to IS NULL`);
  return rows[0] ?? null;
}

/** The version that held at an instant. */
export async function itemAt(session: RecordsSession, key: { projectId: string; id: string }, at: string): Promise<ItemRow | null> {
  const rows = await session.query<ItemRow>(sql`
    SELECT ${ITEM} FROM dataset_items i JOIN datasets d ON d.id = i.dataset_id WHERE i.project_id = ${key.projectId} AND i.id = ${key.id}
      AND i.valid_from <= ${at}::timestamptz AND (i.valid_to IS NULL OR i.valid_to > ${at}::timestamptz)`);
  return rows[0] ?? null;
}

/** The newest version of an id, deleted or not. */
export async function newestVersion(
  session: RecordsSession,
  projectId: string,
  id: string,
): Promise<Pick<ItemRow, 'dataset_id' | 'valid_from' | 'valid_to'> | null> {
  const rows = await session.query<Pick<ItemRow, 'dataset_id' | 'valid_from' | 'valid_to'>>(
    sql`SELECT dataset_id, valid_from, valid_to FROM dataset_items WHERE project_id = ${projectId} AND id = ${id} ORDER BY valid_from DESC LIMIT 1`,
  );
  return rows[0] ?? null;
}

export type NewItem = Omit<ItemRow, 'dataset_name' | 'valid_from' | 'valid_to' | 'created_at'> & { created_at: Date | null };

/** Ends the version that holds and lets another one hold from now on: later than every version before it. */
export async function writeItem(session: RecordsSession, item: NewItem): Promise<void> {
  const [{ at } = { at: null }] = await session.query<{ at: Date | null }>(sql`
    SELECT greatest(date_trunc('milliseconds', clock_timestamp()), max(greatest(valid_from, valid_to)) + interval '1 millisecond') AS at
    FROM dataset_items WHERE project_id = ${item.project_id} AND id = ${item.id}`);
  await session.query(sql`UPDATE dataset_items SET valid_to = ${at} WHERE project_id = ${item.project_id} AND id = ${item.id} AND valid_to IS NULL`);
  await session.query(sql`
    INSERT INTO dataset_items (project_id, dataset_id, id, valid_from, status, input, expected_output, metadata, source_trace_id, source_observation_id, created_at)
    VALUES (${item.project_id}, ${item.dataset_id}, ${item.id}, ${at}, ${item.status}, ${jsonText(item.input)}::json, ${jsonText(item.expected_output)}::json,
      ${jsonText(item.metadata)}::json, ${item.source_trace_id}, ${item.source_observation_id}, coalesce(${item.created_at}::timestamptz, ${at}))`);
}

/** Ends the version that holds, and takes the item out of every run. Returns false when there is none. */
export async function endItem(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  const ended = await session.query(sql`
    UPDATE dataset_items SET valid_to = greatest(date_trunc('milliseconds', clock_timestamp()), valid_from + interval '1 millisecond')
    WHERE project_id = ${projectId} AND id = ${id} AND valid_to IS NULL RETURNING id`);
  if (ended.length === 0) return false;
  await session.query(sql`DELETE FROM dataset_run_items WHERE project_id = ${projectId} AND dataset_item_id = ${id}`);
  return true;
}

function matching(projectId: string, asked: Omit<ItemList, 'page' | 'limit'>): Statement {
  const at = asked.version;
  const holds =
    at === undefined ? sql`i.valid_to IS NULL` : sql`i.valid_from <= ${at}::timestamptz AND (i.valid_to IS NULL OR i.valid_to > ${at}::timestamptz)`;
  const conditions = [sql`i.project_id = ${projectId}`, holds, sql`i.status = 'ACTIVE'`];
  if (asked.datasetName !== undefined) conditions.push(sql`d.name = ${asked.datasetName}`);
  if (asked.sourceTraceId !== undefined) conditions.push(sql`i.source_trace_id = ${asked.sourceTraceId}`);
  if (asked.sourceObservationId !== undefined) conditions.push(sql`i.source_observation_id = ${asked.sourceObservationId}`);
  return sql.join(conditions, sql` AND `);
}

/** A page of active items, newest first. */
export async function listItems(session: RecordsSession, projectId: string, asked: ItemList): Promise<{ rows: ItemRow[]; total: number }> {
  const where = matching(projectId, asked);
  const rows = await session.query<ItemRow>(sql`
    SELECT ${ITEM} FROM dataset_items i JOIN datasets d ON d.id = i.dataset_id WHERE ${where}
    ORDER BY i.created_at DESC, i.id LIMIT ${asked.limit} OFFSET ${(asked.page - 1) * asked.limit}`);
  const [count] = await session.query<{ total: string }>(
    sql`SELECT count(*) AS total FROM dataset_items i JOIN datasets d ON d.id = i.dataset_id WHERE ${where}`,
  );
  return { rows, total: Number(count?.total ?? 0) };
}

/** Active items of a dataset behind an id, in the order of their ids. */
export async function itemsAfter(session: RecordsSession, datasetId: string, after: string, limit: number): Promise<ItemRow[]> {
  return await session.query<ItemRow>(sql`
    SELECT ${ITEM} FROM dataset_items i JOIN datasets d ON d.id = i.dataset_id
    WHERE i.dataset_id = ${datasetId} AND i.valid_to IS NULL AND i.status = 'ACTIVE' AND i.id > ${after} ORDER BY i.id LIMIT ${limit}`);
}
