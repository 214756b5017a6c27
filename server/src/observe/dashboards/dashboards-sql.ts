// The statements of dashboards.
import type { FilterCondition } from '#observe/filter/filter.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Placement } from './schema.ts';

export interface DashboardRow {
  id: string;
  project_id: string;
  name: string;
  description: string;
  placements: Placement[];
  filters: FilterCondition[];
  created_at: Date;
  updated_at: Date;
}

export interface WishedDashboard {
  id: string;
  projectId: string;
  name: string;
  description: string;
  placements: readonly Placement[];
  filters: readonly FilterCondition[];
}

const COLUMNS = sql`id, project_id, name, description, placements, filters, created_at, updated_at`;

/** Writes a dashboard whole. */
export async function putDashboard(session: RecordsSession, wished: WishedDashboard): Promise<DashboardRow> {
  const [row] = await session.query<DashboardRow>(sql`
    INSERT INTO dashboards (id, project_id, name, description, placements, filters)
    VALUES (${wished.id}, ${wished.projectId}, ${wished.name}, ${wished.description}, ${JSON.stringify(wished.placements)}::jsonb, ${JSON.stringify(wished.filters)}::jsonb)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, placements = excluded.placements, filters = excluded.filters, updated_at = now()
    RETURNING ${COLUMNS}`);
  return row as DashboardRow;
}

/** A dashboard; `lock` keeps others from changing it until the transaction ends. */
export async function dashboardById(session: RecordsSession, projectId: string, id: string, lock = false): Promise<DashboardRow | null> {
  const rows = await session.query<DashboardRow>(
    sql`SELECT ${COLUMNS} FROM dashboards WHERE project_id = ${projectId} AND id = ${id} ${lock ? sql`FOR UPDATE` : sql``}`,
  );
  return rows[0] ?? null;
}

/** Newest change first; `skip` and `limit` instead of pages, because what the platform brings follows after them. */
export async function listDashboards(
  session: RecordsSession,
  projectId: string,
  { skip, limit }: { skip: number; limit: number },
): Promise<{ rows: DashboardRow[]; total: number }> {
  const rows = await session.query<DashboardRow>(
    sql`SELECT ${COLUMNS} FROM dashboards WHERE project_id = ${projectId} ORDER BY updated_at DESC, id LIMIT ${limit} OFFSET ${skip}`,
  );
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM dashboards WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export async function deleteDashboard(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM dashboards WHERE project_id = ${projectId} AND id = ${id} RETURNING id`)).length > 0;
}
