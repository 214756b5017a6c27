// A model as a file wants it: one of this name, pattern and start date, with these prices.
import { isDeepStrictEqual } from 'node:util';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { checkedModel, tiersOf } from './new-model.ts';
import type { StoredTier } from './price.ts';
import type { CreateModel } from './schema.ts';
import { deleteModel, insertModel, type ModelRow } from './sql.ts';

/** Replaces a model whose prices or unit differ. Returns whether anything changed. @throws AppError 400 for a pattern that is none. */
export async function putModel(records: Records, projectId: string, wished: CreateModel): Promise<boolean> {
  const row = await checkedModel(records, projectId, wished);
  return await records.transaction(async (session) => {
    const stored = await session.query<Pick<ModelRow, 'id' | 'unit' | 'tokenizer_id' | 'pricing_tiers'>>(sql`
      SELECT id, unit, tokenizer_id, pricing_tiers FROM models WHERE project_id = ${projectId} AND model_name = ${row.model_name} AND match_pattern = ${row.match_pattern}
        AND start_date IS NOT DISTINCT FROM ${row.start_date}::timestamptz FOR UPDATE`);
    const same =
      stored.length === 1 &&
      stored[0]?.unit === row.unit &&
      stored[0].tokenizer_id === row.tokenizer_id &&
      isDeepStrictEqual(withoutIds(stored[0].pricing_tiers), withoutIds(tiersOf(wished)));
    if (same) return false;
    for (const { id } of stored) await deleteModel(session, projectId, id);
    await insertModel(session, row);
    return true;
  });
}

const withoutIds = (tiers: readonly StoredTier[]): object[] => tiers.map(({ id: _, ...tier }) => tier);
