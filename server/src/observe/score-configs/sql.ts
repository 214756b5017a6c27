// The statements of score configs.
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Category } from './schema.ts';

export interface ConfigRow {
  id: string;
  project_id: string;
  name: string;
  data_type: 'NUMERIC' | 'CATEGORICAL' | 'BOOLEAN' | 'TEXT';
  is_archived: boolean;
  min_value: number | null;
  max_value: number | null;
  categories: Category[] | null;
  description: string | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = sql`id, project_id, name, data_type, is_archived, min_value, max_value, categories, description, created_at, updated_at`;

export async function configById(session: RecordsSession, projectId: string, id: string): Promise<ConfigRow | null> {
  const rows = await session.query<ConfigRow>(sql`SELECT ${COLUMNS} FROM score_configs WHERE project_id = ${projectId} AND id = ${id}`);
  return rows[0] ?? null;
}

export async function configsById(session: Pick<Records, 'query'>, projectId: string, ids: readonly string[]): Promise<ConfigRow[]> {
  return await session.query<ConfigRow>(sql`SELECT ${COLUMNS} FROM score_configs WHERE project_id = ${projectId} AND id = ANY (${ids}::text[])`);
}

/** Newest first, deterministic on ties. */
export async function listConfigs(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: ConfigRow[]; total: number }> {
  const rows = await session.query<ConfigRow>(sql`
    SELECT ${COLUMNS} FROM score_configs WHERE project_id = ${projectId} ORDER BY created_at DESC, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM score_configs WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export type NewConfig = Omit<ConfigRow, 'created_at' | 'updated_at'>;

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export async function insertConfig(session: RecordsSession, row: NewConfig): Promise<ConfigRow> {
  const [stored] = await session.query<ConfigRow>(sql`
    INSERT INTO score_configs (id, project_id, name, data_type, is_archived, min_value, max_value, categories, description)
    VALUES (${row.id}, ${row.project_id}, ${row.name}, ${row.data_type}, ${row.is_archived}, ${row.min_value}, ${row.max_value}, ${json(row.categories)}::json, ${row.description})
    RETURNING ${COLUMNS}`);
  return stored as ConfigRow;
}

export async function updateConfig(session: RecordsSession, row: NewConfig): Promise<ConfigRow> {
  const [stored] = await session.query<ConfigRow>(sql`
    UPDATE score_configs SET name = ${row.name}, is_archived = ${row.is_archived}, min_value = ${row.min_value}, max_value = ${row.max_value},
      categories = ${json(row.categories)}::json, description = ${row.description}, updated_at = now()
    WHERE project_id = ${row.project_id} AND id = ${row.id} RETURNING ${COLUMNS}`);
  return stored as ConfigRow;
}
