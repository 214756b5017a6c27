// GET /api/public/scores, /scores/{id}, /v2/scores, /v2/scores/{id} and /v3/scores (langfuse.md §1.6).
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
import { type ScoreTypes, untyped } from '#observe/score-configs/check.ts';
import { type TraceView, tracesById } from '#observe/traces/sql.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { scoreV1Of, scoreV2Of } from './shape.ts';
import { countScores, listScores, type ScoreListQuery, type ScoreView, scoreById, VALUE_OPERATORS } from './sql.ts';
import { listV3, v3Parameters } from './v3.ts';

const operators = Object.keys(VALUE_OPERATORS) as (keyof typeof VALUE_OPERATORS)[];
const v1Parameters = z.object({
  page: pageParameter,
  limit: limitParameter(100),
  userId: wordParameter,
  name: wordParameter,
  fromTimestamp: instantParameter,
  toTimestamp: instantParameter,
  environment: wordsParameter,
  source: wordParameter,
  operator: z.preprocess((value) => (value === '' ? undefined : value), z.enum(operators).optional()),
  value: z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().optional()),
  scoreIds: commaListParameter,
  configId: wordParameter,
  queueId: wordParameter,
  dataType: z.preprocess((value) => (value === '' ? undefined : value), z.enum(['NUMERIC', 'CATEGORICAL', 'BOOLEAN', 'CORRECTION', 'TEXT']).optional()),
  traceTags: wordsParameter,
  filter: wordParameter,
});
const v2Parameters = v1Parameters.extend({
  sessionId: wordParameter,
  datasetRunId: wordParameter,
  traceId: wordParameter,
  observationId: commaListParameter,
  fields: commaListParameter,
});

/** The routes over an analytics store. */
export function scoreRoutes(analytics: Analytics, types: ScoreTypes = untyped): Route[] {
  const common = { method: 'GET', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    {
      ...common,
      path: '/api/public/scores',
      summary: 'List scores of traces and observations',
      query: v1Parameters,
      handle: (context) => bounded(() => listV1(analytics, types, context)),
    },
    {
      ...common,
      path: '/api/public/scores/:scoreId',
      summary: 'Get a score of a trace or observation',
      handle: (context) => bounded(() => detail({ analytics, types }, context, 'v1')),
    },
    {
      ...common,
      path: '/api/public/v2/scores',
      summary: 'List scores',
      query: v2Parameters,
      handle: (context) => bounded(() => listV2(analytics, types, context)),
    },
    {
      ...common,
      path: '/api/public/v2/scores/:scoreId',
      summary: 'Get a score',
      handle: (context) => bounded(() => detail({ analytics, types }, context, 'v2')),
    },
    {
      ...common,
      path: '/api/public/v3/scores',
      summary: 'List scores by cursor',
      query: v3Parameters,
      handle: (context) => bounded(() => listV3(analytics, types, context)),
    },
  ];
}

async function listV1(analytics: Analytics, types: ScoreTypes, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, v1Parameters);
  const projectId = projectOf(principal);
  const { rows, total } = await page(analytics, queryOf(projectId, asked, true), asked);
  const traces = await tracesOf(analytics, projectId, rows);
  const data = (await types(projectId, rows)).map((row) => ({ ...scoreV1Of(row), trace: traceOf(traces.get(row.trace_id)) }));
  return http.json({ data, meta: pageMeta(asked.page, asked.limit, total) });
}

async function listV2(analytics: Analytics, types: ScoreTypes, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, v2Parameters);
  const projectId = projectOf(principal);
  const withTrace = asked.fields === undefined || asked.fields.includes('trace');
  if (!withTrace && (asked.userId !== undefined || asked.traceTags !== undefined))
    throw new AppError('userId and traceTags need the field group trace: add trace to fields, or leave the filters out.', {
      status: 400,
      code: 'InvalidRequestError',
      param: 'fields',
    });
  const query = {
    ...queryOf(projectId, asked, false),
    sessionId: asked.sessionId,
    datasetRunId: asked.datasetRunId,
    traceId: asked.traceId,
    observationIds: asked.observationId,
  };
  const { rows, total } = await page(analytics, query, asked);
  const traces = withTrace ? await tracesOf(analytics, projectId, rows) : new Map<string, TraceView>();
  const data = (await types(projectId, rows)).map((row) => ({ ...scoreV2Of(row), ...(withTrace ? { trace: traceOf(traces.get(row.trace_id)) } : {}) }));
  return http.json({ data, meta: pageMeta(asked.page, asked.limit, total) });
}

interface Reads {
  analytics: Analytics;
  types: ScoreTypes;
}

async function detail({ analytics, types }: Reads, { http, principal }: RouteContext, version: 'v1' | 'v2'): Promise<Response> {
  const [row] = await types(projectOf(principal), await analytics.query<ScoreView>(scoreById(projectOf(principal), http.req.param('scoreId') ?? '')));
  if (!row || (version === 'v1' && (row.trace_id === '' || row.data_type === 'CORRECTION'))) throw notFound('Score not found within authorized project');
  return http.json(version === 'v1' ? scoreV1Of(row) : scoreV2Of(row));
}

type Paging = { page: number; limit: number; fromTimestamp?: string | undefined; toTimestamp?: string | undefined };

async function page(analytics: Analytics, query: ScoreListQuery, asked: Paging): Promise<{ rows: ScoreView[]; total: number }> {
  const range = rangeOf(asked.fromTimestamp, asked.toTimestamp);
  // Made first: a statement that cannot be made (an unknown filter column) must not leave a started read behind.
  const counting = countScores(query, range);
  const [rows, [total]] = await Promise.all([
    newestFirst(range, { skip: (asked.page - 1) * asked.limit, limit: asked.limit }, (window, limit) =>
      analytics.query<ScoreView>(listScores(query, window, limit)),
    ),
    analytics.query<{ total: string }>(counting),
  ]);
  return { rows, total: Number(total?.total ?? 0) };
}

async function tracesOf(analytics: Analytics, projectId: string, rows: readonly ScoreView[]): Promise<Map<string, TraceView>> {
  const ids = [...new Set(rows.map((row) => row.trace_id).filter((id) => id !== ''))];
  if (ids.length === 0) return new Map();
  return new Map((await analytics.query<TraceView>(tracesById(projectId, ids, false))).map((trace) => [trace.id, trace]));
}

function traceOf(trace: TraceView | undefined): { userId: string | null; tags: string[]; environment: string; sessionId: string | null } | null {
  return trace ? { userId: trace.user_id, tags: trace.tags, environment: trace.environment, sessionId: trace.session_id } : null;
}

function queryOf(projectId: string, asked: z.output<typeof v1Parameters>, ofTracesOnly: boolean): ScoreListQuery {
  return {
    projectId,
    ofTracesOnly,
    userId: asked.userId,
    traceTags: asked.traceTags,
    name: asked.name,
    environments: asked.environment,
    source: asked.source,
    dataType: asked.dataType,
    operator: asked.operator,
    value: asked.value,
    scoreIds: asked.scoreIds,
    configId: asked.configId,
    queueId: asked.queueId,
    filter: parseFilter(asked.filter),
  };
}
