// Widgets by Langfuse's unstable API: GET, POST /unstable/dashboard-widgets, GET, PATCH, DELETE /{id}; and what queries can be made of.
import { randomUUID } from 'node:crypto';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { UNSTABLE, UNSTABLE_BASE } from '#observe/evaluation/evaluator-routes.ts';
import { problem } from '#observe/evaluation/problem.ts';
import { pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { checkWidget, queryOptions } from './chart-rules.ts';
import { CURATED_AT, type CuratedWidget, curatedWidget } from './curated.ts';
import { type ChartConfig, type ChartType, pageOf, widgetBody, widgetPatch } from './schema.ts';
import { deleteWidget, listWidgets, putWidget, type WidgetRow, type WishedWidget, widgetById } from './widgets-sql.ts';

export function widgetRoutes(records: Records): Route[] {
  const path = `${UNSTABLE_BASE}/dashboard-widgets`;
  const one = `${path}/:widgetId`;
  return [
    {
      ...UNSTABLE,
      method: 'GET',
      path: `${UNSTABLE_BASE}/metrics-options`,
      summary: 'Views with the dimensions, measures and filter columns that a metrics query can name',
      handle: ({ http }) => http.json(queryOptions()),
    },
    { ...UNSTABLE, method: 'GET', path, summary: 'List dashboard widgets', query: pageOf, handle: (context) => list(records, context) },
    { ...UNSTABLE, method: 'POST', path, summary: 'Create a dashboard widget', body: widgetBody, handle: (context) => create(records, context) },
    { ...UNSTABLE, method: 'GET', path: one, summary: 'Get a dashboard widget', handle: (context) => get(records, context) },
    { ...UNSTABLE, method: 'PATCH', path: one, summary: 'Change a dashboard widget', body: widgetPatch, handle: (context) => change(records, context) },
    {
      ...UNSTABLE,
      method: 'DELETE',
      path: one,
      summary: 'Delete a dashboard widget that stands on no dashboard',
      handle: (context) => remove(records, context),
    },
  ];
}

/** A row as the API shows it (schema unstableDashboardWidget). */
function widgetView(row: WidgetRow): Record<string, unknown> {
  return {
    id: row.id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    name: row.name,
    description: row.description,
    view: row.view,
    dimensions: row.dimensions,
    metrics: row.metrics,
    filters: row.filters,
    chartType: row.chart_type,
    chartConfig: row.chart_config,
  };
}

/** A widget of the release in the same shape, with its name in both languages beside. */
function curatedView({ id, names, ...query }: CuratedWidget): Record<string, unknown> {
  const at = CURATED_AT.toISOString();
  return { id, createdAt: at, updatedAt: at, name: names.en, names, description: '', ...query };
}

const absent = (): AppError => problem('resource_not_found', 'There is no dashboard widget with this id.');

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageOf);
  const { rows, total } = await listWidgets(records, projectOf(principal), asked);
  return http.json({ data: rows.map(widgetView), meta: pageMeta(asked.page, asked.limit, total) });
}

async function get(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const id = http.req.param('widgetId') ?? '';
  const curated = curatedWidget(id);
  const row = curated === null ? await widgetById(records, projectOf(principal), id) : null;
  if (curated === null && row === null) throw absent();
  return http.json(curated === null ? widgetView(row as WidgetRow) : curatedView(curated));
}

type Wished<Config> = { type?: ChartType | null | undefined } & Config;

/** A configuration without what was sent as null, of the chart's type unless it says another. */
function configOf(chartType: ChartType, given: Wished<object> | null | undefined): ChartConfig {
  const said = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== null && value !== undefined));
  return { ...said, type: given?.type ?? chartType };
}

async function create(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, widgetBody);
  const wished: WishedWidget = {
    ...body,
    id: randomUUID(),
    projectId: projectOf(principal),
    description: body.description ?? '',
    chartConfig: configOf(body.chartType, body.chartConfig),
  };
  checkWidget(wished);
  return http.json(widgetView(await putWidget(records, wished)));
}

async function change(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, widgetPatch);
  const id = http.req.param('widgetId') ?? '';
  if (curatedWidget(id) !== null) throw builtIn('widget');
  const row = await records.transaction(async (session) => {
    const now = await widgetById(session, projectOf(principal), id, true);
    if (now === null) throw absent();
    const chartType = body.chartType ?? now.chart_type;
    const kept = chartType === now.chart_type ? now.chart_config : null;
    const wished: WishedWidget = {
      id,
      projectId: now.project_id,
      name: body.name ?? now.name,
      description: body.description ?? now.description,
      view: body.view ?? now.view,
      dimensions: body.dimensions ?? now.dimensions,
      metrics: body.metrics ?? now.metrics,
      filters: body.filters ?? now.filters,
      chartType,
      chartConfig: configOf(chartType, body.chartConfig ?? kept),
    };
    checkWidget(wished);
    return await putWidget(session, wished);
  });
  return http.json(widgetView(row));
}

/** What comes with the platform stays as it is. */
export function builtIn(what: 'widget' | 'dashboard'): AppError {
  return new AppError(`This ${what} comes with the platform and cannot be changed: clone its dashboard (POST ${UNSTABLE_BASE}/dashboards/{id}/clone).`, {
    status: 403,
    code: 'access_denied',
  });
}

async function remove(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const id = http.req.param('widgetId') ?? '';
  if (curatedWidget(id) !== null) throw builtIn('widget');
  const outcome = await records.transaction((session) => deleteWidget(session, projectOf(principal), id));
  if (outcome === 'absent') throw absent();
  if (outcome === 'placed') throw problem('conflict', 'The widget stands on a dashboard: remove its placements first.');
  return http.json({ message: 'Dashboard widget successfully deleted' });
}
