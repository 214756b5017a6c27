// The names of teams for the figures of the overview: observations carry a team's id, which never changes; its name may.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

/** Names by id; a team without a name, or that is gone, is left out. */
export async function teamNames(records: Pick<Records, 'query'>, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await records.query<{ id: string; alias: string }>(sql`SELECT id, alias FROM teams WHERE id = ANY(${[...ids]}) AND alias IS NOT NULL`);
  return new Map(rows.map((row) => [row.id, row.alias]));
}
