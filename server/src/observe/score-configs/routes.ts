// GET, POST /api/public/score-configs and GET, PATCH /score-configs/{id} (langfuse.md §1.6).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf, invalidRequest, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { limitParameter, notFound, pageMeta, pageParameter, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { type Category, categoriesOf, createConfigBody, problemsOf, updateConfigBody } from './schema.ts';
import { type ConfigRow, configById, insertConfig, listConfigs, updateConfig } from './sql.ts';

const pageParameters = z.object({ page: pageParameter, limit: limitParameter(100) });

/** The routes over the records. */
export function scoreConfigRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const all = '/api/public/score-configs';
  const one = `${all}/:configId`;
  return [
    { ...common, method: 'GET', path: all, summary: 'List score configs', query: pageParameters, handle: (context) => list(records, context) },
    { ...common, method: 'POST', path: all, summary: 'Create a score config', body: createConfigBody, handle: (context) => create(records, context) },
    {
      ...common,
      method: 'GET',
      path: one,
      summary: 'Get a score config',
      handle: async (context) => context.http.json(shapeOf(await found(records, context))),
    },
    {
      ...common,
      method: 'PATCH',
      path: one,
      summary: 'Change or archive a score config',
      body: updateConfigBody,
      handle: (context) => update(records, context),
    },
  ];
}

interface ScoreConfig {
  id: string;
  projectId: string;
  name: string;
  description: string | null;
  createdAt: string;
  updatedAt: string;
  isArchived: boolean;
  dataType: string;
  minValue: number | null;
  maxValue: number | null;
  categories: Category[] | null;
}

function shapeOf(row: ConfigRow): ScoreConfig {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    isArchived: row.is_archived,
    dataType: row.data_type,
    minValue: row.min_value,
    maxValue: row.max_value,
    categories: row.categories,
  };
}

async function found(records: Records, { http, principal }: RouteContext): Promise<ConfigRow> {
  const row = await configById(records, projectOf(principal), http.req.param('configId') ?? '');
  if (row === null) throw notFound('Score config not found within authorized project');
  return row;
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageParameters);
  const { rows, total } = await listConfigs(records, projectOf(principal), asked);
  return http.json({ data: rows.map(shapeOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function create(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const wished = await bodyOf(http, createConfigBody);
  const row = await insertConfig(records, {
    id: randomUUID(),
    project_id: projectOf(principal),
    name: wished.name,
    data_type: wished.dataType,
    is_archived: false,
    min_value: wished.minValue ?? null,
    max_value: wished.maxValue ?? null,
    categories: categoriesOf(wished.dataType, wished.categories ?? null),
    description: wished.description ?? null,
  });
  return http.json(shapeOf(row));
}

/** What is not named stays; null clears what may be absent. */
async function update(records: Records, context: RouteContext): Promise<Response> {
  const changes = await bodyOf(context.http, updateConfigBody);
  const before = await found(records, context);
  const kept = <Value>(change: Value | undefined, value: Value): Value => (change === undefined ? value : change);
  const after = {
    ...before,
    name: changes.name ?? before.name,
    is_archived: changes.isArchived ?? before.is_archived,
    min_value: kept(changes.minValue, before.min_value),
    max_value: kept(changes.maxValue, before.max_value),
    categories: categoriesOf(before.data_type, kept(changes.categories, before.categories)),
    description: kept(changes.description, before.description),
  };
  const problems = problemsOf({
    dataType: after.data_type,
    minValue: after.min_value,
    maxValue: after.max_value,
    categories: changes.categories ?? after.categories,
  });
  if (problems.length > 0) throw invalidRequest(problems.join(' '));
  return context.http.json(shapeOf(await updateConfig(records, after)));
}
