// A score config as a file wants it: one of this name and data type, with this range and these categories.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { type CreateConfig, categoriesOf } from './schema.ts';
import { type ConfigRow, insertConfig, updateConfig } from './sql.ts';

/** Changes the oldest config of the name and type, or makes one; an archived one stays archived. Returns whether anything changed. */
export async function putConfig(records: Records, projectId: string, wished: CreateConfig): Promise<boolean> {
  const [stored] = await records.query<ConfigRow>(sql`
    SELECT id, project_id, name, data_type, is_archived, min_value, max_value, categories, description FROM score_configs
    WHERE project_id = ${projectId} AND name = ${wished.name} AND data_type = ${wished.dataType} ORDER BY created_at, id LIMIT 1`);
  const row = {
    id: stored?.id ?? randomUUID(),
    project_id: projectId,
    name: wished.name,
    data_type: wished.dataType,
    is_archived: stored?.is_archived ?? false,
    min_value: wished.minValue ?? null,
    max_value: wished.maxValue ?? null,
    categories: categoriesOf(wished.dataType, wished.categories ?? null),
    description: wished.description ?? null,
  };
  if (stored && isDeepStrictEqual({ ...stored }, row)) return false;
  if (stored) await updateConfig(records, row);
  else await insertConfig(records, row);
  return true;
}
