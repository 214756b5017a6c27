// Dashboards by Langfuse's unstable API: GET, POST /unstable/dashboards, GET, PATCH, DELETE /{id}; and clones, which are this platform's own.
import { randomUUID } from 'node:crypto';
import type { Route, RouteContext } from '#http/route.ts';
import type { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { UNSTABLE, UNSTABLE_BASE } from '#observe/evaluation/evaluator-routes.ts';
import { problem } from '#observe/evaluation/problem.ts';
import { pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { checkDashboardFilters } from './chart-rules.ts';
import { CURATED_AT, CURATED_DASHBOARDS, type CuratedDashboard, curatedDashboard, curatedWidget, type Language } from './curated.ts';
import { type DashboardRow, dashboardById, deleteDashboard, listDashboards, putDashboard } from './dashboards-sql.ts';
import { cloneBody, dashboardBody, dashboardPatch, type Placement, pageOf } from './schema.ts';
import { builtIn } from './widget-routes.ts';
import { putWidget, type WishedWidget, widgetsById } from './widgets-sql.ts';

export function dashboardRoutes(records: Records): Route[] {
  const path = `${UNSTABLE_BASE}/dashboards`;
  const one = `${path}/:dashboardId`;
  return [
    {
      ...UNSTABLE,
      method: 'GET',
      path,
      summary: 'List dashboards: own ones, then those of the platform',
      query: pageOf,
      handle: (context) => list(records, context),
    },
    { ...UNSTABLE, method: 'POST', path, summary: 'Create a dashboard', body: dashboardBody, handle: (context) => create(records, context) },
    { ...UNSTABLE, method: 'GET', path: one, summary: 'Get a dashboard', handle: (context) => get(records, context) },
    { ...UNSTABLE, method: 'PATCH', path: one, summary: 'Change a dashboard', body: dashboardPatch, handle: (context) => change(records, context) },
    { ...UNSTABLE, method: 'DELETE', path: one, summary: 'Delete a dashboard; its widgets stay', handle: (context) => remove(records, context) },
    {
      ...UNSTABLE,
      method: 'POST',
      path: `${one}/clone`,
      summary: 'Copy a dashboard with its widgets, so that the copy can be changed',
      body: cloneBody,
      handle: (context) => clone(records, context),
    },
  ];
}

/** A row as the API shows it (schema unstableDashboard), with who owns it. */
function dashboardView(row: DashboardRow): Record<string, unknown> {
  return {
    id: row.id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    name: row.name,
    description: row.description,
    definition: { widgets: row.placements },
    filters: row.filters,
    owner: 'PROJECT',
  };
}

function curatedView({ id, names, descriptions, placements, filters }: CuratedDashboard): Record<string, unknown> {
  const at = CURATED_AT.toISOString();
  const texts = { name: names.en, names, description: descriptions.en, descriptions };
  return { id, createdAt: at, updatedAt: at, ...texts, definition: { widgets: placements }, filters, owner: 'PLATFORM' };
}

const absent = (): AppError => problem('resource_not_found', 'There is no dashboard with this id.');
const idOf = ({ http }: RouteContext): string => http.req.param('dashboardId') ?? '';

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const { page, limit } = parameters(http, pageOf);
  const skip = (page - 1) * limit;
  const { rows, total } = await listDashboards(records, projectOf(principal), { skip, limit });
  const curated = CURATED_DASHBOARDS.slice(Math.max(0, skip - total), Math.max(0, skip + limit - total));
  return http.json({ data: [...rows.map(dashboardView), ...curated.map(curatedView)], meta: pageMeta(page, limit, total + CURATED_DASHBOARDS.length) });
}

async function get(records: Records, context: RouteContext): Promise<Response> {
  const curated = curatedDashboard(idOf(context));
  const row = curated === null ? await dashboardById(records, projectOf(context.principal), idOf(context)) : null;
  if (curated === null && row === null) throw absent();
  return context.http.json(curated === null ? dashboardView(row as DashboardRow) : curatedView(curated));
}

/** Every newly placed widget is one of the project or of the platform, and stays until the transaction ends. @throws AppError 404. */
export async function checkPlaced(session: RecordsSession, projectId: string, placements: readonly Pick<Placement, 'widgetId'>[]): Promise<void> {
  const ids = placements.map(({ widgetId }) => widgetId).filter((id) => curatedWidget(id) === null);
  const found = new Set((await widgetsById(session, projectId, ids)).map(({ id }) => id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined) throw problem('resource_not_found', `There is no dashboard widget ${missing} in this project: create it first.`);
}

async function create(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, dashboardBody);
  const projectId = projectOf(principal);
  const filters = body.filters ?? [];
  const placements = body.definition?.widgets ?? [];
  checkDashboardFilters(filters);
  const row = await records.transaction(async (session) => {
    await checkPlaced(session, projectId, placements);
    return await putDashboard(session, { id: randomUUID(), projectId, name: body.name, description: body.description ?? '', placements, filters });
  });
  return http.json(dashboardView(row));
}

/** A dashboard of the project, locked. @throws AppError 403 for one of the platform, 404. */
export async function lockedDashboard(session: RecordsSession, context: RouteContext): Promise<DashboardRow> {
  if (curatedDashboard(idOf(context)) !== null) throw builtIn('dashboard');
  const row = await dashboardById(session, projectOf(context.principal), idOf(context), true);
  if (row === null) throw absent();
  return row;
}

async function change(records: Records, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, dashboardPatch);
  if (body.filters) checkDashboardFilters(body.filters);
  const row = await records.transaction(async (session) => {
    const now = await lockedDashboard(session, context);
    const placements = body.definition?.widgets ?? now.placements;
    const known = new Set(now.placements.map(({ widgetId }) => widgetId));
    await checkPlaced(
      session,
      now.project_id,
      placements.filter(({ widgetId }) => !known.has(widgetId)),
    );
    return await putDashboard(session, {
      id: now.id,
      projectId: now.project_id,
      name: body.name ?? now.name,
      description: body.description ?? now.description,
      placements,
      filters: body.filters ?? now.filters,
    });
  });
  return context.http.json(dashboardView(row));
}

async function remove(records: Records, context: RouteContext): Promise<Response> {
  if (curatedDashboard(idOf(context)) !== null) throw builtIn('dashboard');
  if (!(await deleteDashboard(records, projectOf(context.principal), idOf(context)))) throw absent();
  return context.http.json({ message: 'Dashboard successfully deleted' });
}

interface Original {
  name: string;
  description: string;
  placements: readonly Placement[];
  filters: DashboardRow['filters'];
}

async function original(session: RecordsSession, context: RouteContext, language: Language): Promise<Original> {
  const curated = curatedDashboard(idOf(context));
  if (curated !== null) return { ...curated, name: curated.names[language], description: curated.descriptions[language], filters: [...curated.filters] };
  return await lockedDashboard(session, context);
}

const COPY = { en: (name: string) => `${name} (copy)`, ja: (name: string) => `${name}(コピー)` } as const;

async function clone(records: Records, context: RouteContext): Promise<Response> {
  const { name, language } = await bodyOf(context.http, cloneBody);
  const projectId = projectOf(context.principal);
  const row = await records.transaction(async (session) => {
    const { placements, filters, description, name: old } = await original(session, context, language);
    const copies = await copiesOf(session, { projectId, language }, placements);
    const placed = placements.flatMap((one) => {
      const widgetId = copies.get(one.widgetId);
      return widgetId === undefined ? [] : [{ ...one, id: randomUUID(), widgetId }];
    });
    return await putDashboard(session, { id: randomUUID(), projectId, name: name ?? COPY[language](old), description, placements: placed, filters });
  });
  return context.http.json(dashboardView(row));
}

/** Widgets of the project's own in place of those that stand on the original: old id -> new id. */
async function copiesOf(
  session: RecordsSession,
  { projectId, language }: { projectId: string; language: Language },
  placements: readonly Placement[],
): Promise<Map<string, string>> {
  const ids = [...new Set(placements.map(({ widgetId }) => widgetId))];
  const own = new Map((await widgetsById(session, projectId, ids)).map((row) => [row.id, row]));
  const copies = new Map<string, string>();
  for (const id of ids) {
    const curated = curatedWidget(id);
    const row = own.get(id);
    const source: Omit<WishedWidget, 'id' | 'projectId'> | null =
      curated !== null
        ? { ...curated, name: curated.names[language], description: '' }
        : row === undefined
          ? null
          : { ...row, chartType: row.chart_type, chartConfig: row.chart_config };
    if (source === null) continue;
    const copy = await putWidget(session, { ...source, id: randomUUID(), projectId });
    copies.set(id, copy.id);
  }
  return copies;
}
