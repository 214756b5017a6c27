// The statements of widgets.
import type { FilterCondition } from '#observe/filter/filter.ts';
import type { ViewName } from '#observe/metrics/query.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { WidgetQuery } from './chart-rules.ts';
import type { ChartConfig, ChartType } from './schema.ts';

export interface WidgetRow {
  id: string;
  project_id: string;
  name: string;
  description: string;
  view: ViewName;
  dimensions: { field: string }[];
  metrics: WidgetQuery['metrics'];
  filters: FilterCondition[];
  chart_type: ChartType;
  chart_config: ChartConfig;
  created_at: Date;
  updated_at: Date;
}

export interface WishedWidget extends WidgetQuery {
  id: string;
  projectId: string;
  name: string;
  description: string;
}

const COLUMNS = sql`id, project_id, name, description, view, dimensions, metrics, filters, chart_type, chart_config, created_at, updated_at`;

/** Writes a widget whole. */
export async function putWidget(session: RecordsSession, widget: WishedWidget): Promise<WidgetRow> {
  const json = (value: unknown): string => JSON.stringify(value);
  const [row] = await session.query<WidgetRow>(sql`
    INSERT INTO dashboard_widgets (id, project_id, name, description, view, dimensions, metrics, filters, chart_type, chart_config)
    VALUES (${widget.id}, ${widget.projectId}, ${widget.name}, ${widget.description}, ${widget.view}, ${json(widget.dimensions)}::jsonb, ${json(widget.metrics)}::jsonb,
      ${json(widget.filters)}::jsonb, ${widget.chartType}, ${json(widget.chartConfig)}::jsonb)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, view = excluded.view, dimensions = excluded.dimensions,
      metrics = excluded.metrics, filters = excluded.filters, chart_type = excluded.chart_type, chart_config = excluded.chart_config, updated_at = now()
    RETURNING ${COLUMNS}`);
  return row as WidgetRow;
}

/** A widget; `lock` keeps others from changing it until the transaction ends. */
export async function widgetById(session: RecordsSession, projectId: string, id: string, lock = false): Promise<WidgetRow | null> {
  const rows = await session.query<WidgetRow>(
    sql`SELECT ${COLUMNS} FROM dashboard_widgets WHERE project_id = ${projectId} AND id = ${id} ${lock ? sql`FOR UPDATE` : sql``}`,
  );
  return rows[0] ?? null;
}

/** Widgets that nobody deletes until the transaction ends. */
export async function widgetsById(session: RecordsSession, projectId: string, ids: readonly string[]): Promise<WidgetRow[]> {
  return await session.query<WidgetRow>(
    sql`SELECT ${COLUMNS} FROM dashboard_widgets WHERE project_id = ${projectId} AND id = ANY (${[...ids]}::text[]) ORDER BY id FOR SHARE`,
  );
}

export async function listWidgets(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: WidgetRow[]; total: number }> {
  const rows = await session.query<WidgetRow>(
    sql`SELECT ${COLUMNS} FROM dashboard_widgets WHERE project_id = ${projectId} ORDER BY updated_at DESC, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`,
  );
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM dashboard_widgets WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

/** To be called in a transaction. 'placed' = it stands on a dashboard and stays. */
export async function deleteWidget(session: RecordsSession, projectId: string, id: string): Promise<'deleted' | 'placed' | 'absent'> {
  const found = await session.query(sql`SELECT id FROM dashboard_widgets WHERE project_id = ${projectId} AND id = ${id} FOR UPDATE`);
  if (found.length === 0) return 'absent';
  const placed = await session.query(
    sql`SELECT id FROM dashboards WHERE project_id = ${projectId} AND placements @> ${JSON.stringify([{ widgetId: id }])}::jsonb LIMIT 1`,
  );
  if (placed.length > 0) return 'placed';
  await session.query(sql`DELETE FROM dashboard_widgets WHERE id = ${id}`);
  return 'deleted';
}
