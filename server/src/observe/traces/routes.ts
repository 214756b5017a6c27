// GET /api/public/traces and /api/public/traces/{id} (langfuse.md §1.4).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { parseFilter } from '#observe/filter/filter.ts';
import {
  bounded,
  commaListParameter,
  instantParameter,
  limitParameter,
  newestFirst,
  notFound,
  pageMeta,
  pageParameter,
  parameters,
  projectOf,
  rangeOf,
  wordParameter,
  wordsParameter,
} from '#observe/filter/parameters.ts';
import { observationV1Of } from '#observe/observations/shape.ts';
import type { ObservationView } from '#observe/observations/sql.ts';
import { type PromptLinks, unlinked } from '#observe/prompts/links.ts';
import { type ScoreTypes, untyped } from '#observe/score-configs/check.ts';
import { scoreV1Of } from '#observe/scores/shape.ts';
import { scoreIdsOf } from '#observe/scores/sql.ts';
import { type ContentQuestion, contentOf, searchParameters } from '#observe/search/content-filter.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { TraceMetrics } from './metrics-sql.ts';
import { htmlPath, listItemOf, TRACE_FIELD_GROUPS, type TraceDetail, type TraceFieldGroup, type TraceListItem, traceOf } from './shape.ts';
import { countTraces, metricsOf, TRACE_ORDER_FIELDS, type TraceListQuery, type TraceOrder, type TraceView, traceKeys, tracesOfKeys } from './sql.ts';
import { readWholeTrace } from './whole-trace.ts';

const listParameters = z.object({
  page: pageParameter,
  limit: limitParameter(100),
  userId: wordParameter,
  name: wordParameter,
  sessionId: wordParameter,
  fromTimestamp: instantParameter,
  toTimestamp: instantParameter,
  orderBy: wordParameter,
  tags: wordsParameter,
  version: wordParameter,
  release: wordParameter,
  environment: wordsParameter,
  fields: commaListParameter,
  filter: wordParameter,
  ...searchParameters,
});
type ListParameters = z.output<typeof listParameters>;

/** What the records add to stored rows. */
interface Enrichment {
  link: PromptLinks;
  types: ScoreTypes;
}

/** The routes over an analytics store. */
export function traceRoutes(analytics: Analytics, enrich: Partial<Enrichment> = {}): Route[] {
  const enrichment = { link: unlinked, types: untyped, ...enrich };
  const common = { method: 'GET', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    { ...common, path: '/api/public/traces', summary: 'List traces', query: listParameters, handle: (context) => bounded(() => list(analytics, context)) },
    {
      ...common,
      path: '/api/public/traces/:traceId',
      summary: 'Get a trace with its observations and scores',
      handle: (context) => bounded(() => detail(analytics, enrichment, context)),
    },
  ];
}

async function list(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, listParameters);
  const projectId = projectOf(principal);
  const query = queryOf(projectId, asked);
  const range = rangeOf(asked.fromTimestamp, asked.toTimestamp);
  const order = orderOf(asked.orderBy);
  const page = { range, skip: (asked.page - 1) * asked.limit, limit: asked.limit };
  // Made first: a statement that cannot be made (an unknown filter column) must not leave a started read behind.
  const counting = countTraces(query, range);
  const [keys, [total]] = await Promise.all([pageKeys(analytics, query, order, page), analytics.query<{ total: string }>(counting)]);
  const data = await traceItems(analytics, projectId, keys, groupsOf(asked.fields));
  return http.json({ data, meta: pageMeta(asked.page, asked.limit, Number(total?.total ?? 0)) });
}

export interface TraceKey {
  id: string;
  timestamp: string;
}

export interface TracePage {
  range: { from: Date; to: Date };
  skip: number;
  limit: number;
}

/** Keys of a page: newest first in growing windows, other orders over the whole range. */
export async function pageKeys(analytics: Analytics, query: TraceListQuery, order: TraceOrder, page: TracePage): Promise<TraceKey[]> {
  if (order.field !== 'timestamp' || order.direction !== 'desc') return await analytics.query<TraceKey>(traceKeys(query, page.range, order, page));
  return await newestFirst(page.range, page, (window, limit) => analytics.query<TraceKey>(traceKeys(query, window, order, { limit })));
}

async function traceItems(analytics: Analytics, projectId: string, keys: readonly TraceKey[], groups: ReadonlySet<TraceFieldGroup>): Promise<TraceListItem[]> {
  if (keys.length === 0) return [];
  const ids = keys.map((key) => key.id);
  const [rows, metrics, scores] = await Promise.all([
    analytics.query<TraceView>(tracesOfKeys(projectId, keys, groups.has('io'))),
    groups.has('observations') || groups.has('metrics') ? analytics.query<TraceMetrics>(metricsOf(projectId, ids)) : [],
    groups.has('scores') ? analytics.query<{ trace_id: string; ids: string[] }>(scoreIdsOf(projectId, ids)) : [],
  ]);
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  const metricsByTrace = new Map(metrics.map((row) => [row.trace_id, row]));
  const scoresByTrace = new Map(scores.map((row) => [row.trace_id, row.ids]));
  return ids.flatMap((id) => {
    const row = rowOf.get(id);
    return row ? [listItemOf(projectId, row, { metrics: metricsByTrace.get(id), scoreIds: scoresByTrace.get(id) ?? [] }, groups)] : [];
  });
}

async function detail(analytics: Analytics, { link, types }: Enrichment, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const traceId = http.req.param('traceId') ?? '';
  const whole = await readWholeTrace(analytics, projectId, traceId);
  if (!whole) throw notFound(`Trace ${traceId} not found within authorized project`);
  const { trace, figures } = whole;
  const [observations, scores] = await Promise.all([link(projectId, whole.observations), types(projectId, whole.scores)]);
  const trunk: Omit<TraceDetail, 'observations'> = {
    ...traceOf(projectId, trace, true),
    scores: scores.map((row) => scoreV1Of(row)),
    totalCost: Number(figures.totalCost ?? 0),
    latency: figures.latencySeconds ?? 0,
    htmlPath: htmlPath(projectId, trace.id),
  };
  const pieces = detailPieces(trunk, observations);
  const body = observations.length <= OBSERVATIONS_A_PIECE ? Buffer.concat([...pieces]) : ReadableStream.from(pieces);
  return new Response(body, { headers: { 'content-type': 'application/json' } });
}

const OBSERVATIONS_A_PIECE = 500;

/** The answer as bytes, made while it leaves: of a hundred thousand observations the whole answer, as objects, as text and as bytes, takes several times what the rows take. */
function* detailPieces(trunk: Omit<TraceDetail, 'observations'>, observations: readonly ObservationView[]): Generator<Buffer> {
  yield Buffer.from(`${JSON.stringify(trunk).slice(0, -1)},"observations":[`);
  for (let from = 0; from < observations.length; from += OBSERVATIONS_A_PIECE) {
    const piece = JSON.stringify(observations.slice(from, from + OBSERVATIONS_A_PIECE).map((row) => observationV1Of(row)));
    yield Buffer.from(`${from === 0 ? '' : ','}${piece.slice(1, -1)}`);
  }
  yield Buffer.from(']}');
}

function searchOf(
  question: string | undefined,
  types: readonly ('content' | 'id')[],
  content: readonly ContentQuestion[],
): Pick<TraceListQuery, 'search' | 'searchNames' | 'content'> {
  if (question === undefined) return { content };
  if (!types.includes('id')) return { content: [...content, { question, field: 'any' }] };
  return types.includes('content') ? { content, search: question } : { content, searchNames: question };
}

function queryOf(projectId: string, asked: ListParameters): TraceListQuery {
  const { content, rest } = contentOf(parseFilter(asked.filter));
  return {
    projectId,
    userId: asked.userId,
    name: asked.name,
    sessionId: asked.sessionId,
    tags: asked.tags,
    version: asked.version,
    release: asked.release,
    environments: asked.environment,
    filter: rest,
    ...searchOf(asked.searchQuery, asked.searchType, content),
  };
}

/** Asked groups and core; groups that are all unknown count as not given. */
function groupsOf(fields: readonly string[] | undefined): ReadonlySet<TraceFieldGroup> {
  const known = TRACE_FIELD_GROUPS.filter((group) => fields?.includes(group));
  return new Set(known.length === 0 ? TRACE_FIELD_GROUPS : (['core', ...known] as const));
}

/** `field.asc` | `field.desc`. @throws AppError 400 for another field or direction. */
function orderOf(orderBy: string | undefined): TraceOrder {
  const [name, direction] = (orderBy ?? 'timestamp.desc').split('.');
  const field = TRACE_ORDER_FIELDS.find((known) => known === name);
  if (!field || (direction !== 'asc' && direction !== 'desc'))
    throw new AppError(`Invalid orderBy. Use <field>.asc or <field>.desc with one of ${TRACE_ORDER_FIELDS.join(', ')}.`, {
      status: 400,
      code: 'InvalidRequestError',
      param: 'orderBy',
    });
  return { field, direction };
}
