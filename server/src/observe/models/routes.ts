// GET, POST /api/public/models and GET, DELETE /models/{id} (langfuse.md §1.10): the models of a project. The house's own price list is not among them.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { limitParameter, notFound, pageMeta, pageParameter, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { checkedModel } from './new-model.ts';
import { createModelBody } from './schema.ts';
import { deleteModel, insertModel, listModels, type ModelRow, modelById } from './sql.ts';

const pageParameters = z.object({ page: pageParameter, limit: limitParameter(100) });

/** The routes over the records. */
export function modelRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const all = '/api/public/models';
  const one = `${all}/:modelId`;
  return [
    { ...common, method: 'GET', path: all, summary: 'List models of the project', query: pageParameters, handle: (context) => list(records, context) },
    { ...common, method: 'POST', path: all, summary: 'Create a model with its prices', body: createModelBody, handle: (context) => create(records, context) },
    { ...common, method: 'GET', path: one, summary: 'Get a model', handle: (context) => get(records, context) },
    { ...common, method: 'DELETE', path: one, summary: 'Delete a model; costs that were computed stay', handle: (context) => remove(records, context) },
  ];
}

function modelOf(row: ModelRow): Record<string, unknown> {
  const prices = row.pricing_tiers.find(({ isDefault }) => isDefault)?.prices ?? {};
  return {
    id: row.id,
    modelName: row.model_name,
    matchPattern: row.match_pattern,
    startDate: row.start_date?.toISOString() ?? null,
    unit: row.unit,
    inputPrice: prices.input ?? null,
    outputPrice: prices.output ?? null,
    totalPrice: prices.total ?? null,
    tokenizerId: row.tokenizer_id,
    tokenizerConfig: row.tokenizer_config,
    isLangfuseManaged: false,
    createdAt: row.created_at.toISOString(),
    prices: Object.fromEntries(Object.entries(prices).map(([key, price]) => [key, { price }])),
    pricingTiers: row.pricing_tiers,
  };
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageParameters);
  const { rows, total } = await listModels(records, projectOf(principal), asked);
  return http.json({ data: rows.map(modelOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function create(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, createModelBody);
  const row = await insertModel(records, await checkedModel(records, projectOf(principal), body));
  return http.json(modelOf(row));
}

async function get(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const row = await modelById(records, projectOf(principal), http.req.param('modelId') ?? '');
  if (row === null) throw notFound('No model with this id found.');
  return http.json(modelOf(row));
}

async function remove(records: Records, { http, principal }: RouteContext): Promise<Response> {
  if (!(await deleteModel(records, projectOf(principal), http.req.param('modelId') ?? ''))) throw notFound('No model with this id found.');
  return new Response(null, { status: 204 });
}
