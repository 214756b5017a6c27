// The statements of models.
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql, sqlState } from '#stores/records/sql.ts';
import type { StoredTier } from './price.ts';

/** Told after every change of a model. */
export const MODELS_CHANNEL = 'genai_models';

export interface ModelRow {
  id: string;
  project_id: string;
  model_name: string;
  match_pattern: string;
  start_date: Date | null;
  unit: string;
  tokenizer_id: string | null;
  tokenizer_config: unknown;
  pricing_tiers: StoredTier[];
  created_at: Date;
}

const COLUMNS = sql`id, project_id, model_name, match_pattern, start_date, unit, tokenizer_id, tokenizer_config, pricing_tiers, created_at`;

/** Whether PostgreSQL takes a pattern. */
export async function isPattern(session: RecordsSession, pattern: string): Promise<boolean> {
  try {
    await session.query(sql`SELECT '' ~ ${pattern}::text`);
    return true;
  } catch (error) {
    if (sqlState(error) === '2201B') return false;
    throw error;
  }
}

/** A row as it is written: its start as it was sent. */
export type NewModel = Omit<ModelRow, 'created_at' | 'start_date'> & { start_date: string | null };

export async function insertModel(session: RecordsSession, row: NewModel): Promise<ModelRow> {
  const [stored] = await session.query<ModelRow>(sql`
    INSERT INTO models (id, project_id, model_name, match_pattern, start_date, unit, tokenizer_id, tokenizer_config, pricing_tiers)
    VALUES (${row.id}, ${row.project_id}, ${row.model_name}, ${row.match_pattern}, ${row.start_date}::timestamptz, ${row.unit}, ${row.tokenizer_id},
      ${row.tokenizer_config === undefined ? null : JSON.stringify(row.tokenizer_config)}::json, ${JSON.stringify(row.pricing_tiers)}::json)
    RETURNING ${COLUMNS}`);
  return stored as ModelRow;
}

export async function modelById(session: RecordsSession, projectId: string, id: string): Promise<ModelRow | null> {
  const rows = await session.query<ModelRow>(sql`SELECT ${COLUMNS} FROM models WHERE project_id = ${projectId} AND id = ${id}`);
  return rows[0] ?? null;
}

export async function listModels(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: ModelRow[]; total: number }> {
  const rows = await session.query<ModelRow>(
    sql`SELECT ${COLUMNS} FROM models WHERE project_id = ${projectId} ORDER BY created_at DESC, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`,
  );
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM models WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export async function deleteModel(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM models WHERE project_id = ${projectId} AND id = ${id} RETURNING id`)).length > 0;
}

/** Models of every project: what prices events holds them in memory. */
export async function allModels(records: Pick<Records, 'query'>): Promise<ModelRow[]> {
  return await records.query<ModelRow>(sql`SELECT ${COLUMNS} FROM models ORDER BY project_id, created_at DESC, id LIMIT 100000`);
}
