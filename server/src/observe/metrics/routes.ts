// GET /api/public/metrics, /v2/metrics and /metrics/daily (langfuse.md §1.11). Every read is bounded by the engine in time and memory.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import {
  bounded,
  instantParameter,
  limitParameter,
  pageMeta,
  pageParameter,
  parameters,
  projectOf,
  rangeOf,
  wordParameter,
  wordsParameter,
} from '#observe/filter/parameters.ts';
import { coverageOf } from '#observe/rollups/coverage.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { type DailyTotals, type DailyUsage, dailyTotals, dailyUsage } from './daily-sql.ts';
import { parseMetricsQuery } from './query.ts';
import { metricsRowOf, metricsStatement, rolledStatement } from './statement.ts';

const queryParameters = z.object({ query: wordParameter });
const dailyParameters = z.object({
  page: pageParameter,
  limit: limitParameter(1_000),
  traceName: wordParameter,
  userId: wordParameter,
  tags: wordsParameter,
  environment: wordsParameter,
  fromTimestamp: instantParameter,
  toTimestamp: instantParameter,
});

/** The routes over an analytics store. */
export function metricsRoutes(analytics: Analytics): Route[] {
  const common = { method: 'GET', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    {
      ...common,
      path: '/api/public/metrics',
      summary: 'Measure traces, observations and scores',
      query: queryParameters,
      handle: (context) => bounded(() => measure(analytics, context, 'v1')),
    },
    {
      ...common,
      path: '/api/public/v2/metrics',
      summary: 'Measure observations and scores',
      query: queryParameters,
      handle: (context) => bounded(() => measure(analytics, context, 'v2')),
    },
    {
      ...common,
      path: '/api/public/metrics/daily',
      summary: 'Usage and cost by day and model',
      query: dailyParameters,
      handle: (context) => bounded(() => daily(analytics, context)),
    },
  ];
}

async function measure(analytics: Analytics, { http, principal }: RouteContext, version: 'v1' | 'v2'): Promise<Response> {
  const query = parseMetricsQuery(parameters(http, queryParameters).query);
  if (version === 'v2' && query.view === 'traces')
    throw new AppError('The view traces is served by GET /api/public/metrics: here use observations or a view of scores.', {
      status: 400,
      code: 'InvalidRequestError',
      param: 'query',
    });
  const options = { projectId: projectOf(principal), highCardinality: version === 'v1', rowLimit: version === 'v1' ? 1_000 : 100 };
  const { statement, columns } = metricsStatement(query, options);
  const rolled = await rolledStatement(query, options, (range) => coverageOf(analytics, options.projectId, range));
  const rows = await analytics.query(rolled ?? statement);
  return http.json({ data: rows.map((row) => metricsRowOf(row, columns)) });
}

async function daily(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, dailyParameters);
  const query = {
    projectId: projectOf(principal),
    range: rangeOf(asked.fromTimestamp, asked.toTimestamp),
    traceName: asked.traceName,
    userId: asked.userId,
    tags: asked.tags,
    environments: asked.environment,
  };
  const [totals, usage] = await Promise.all([analytics.query<DailyTotals>(dailyTotals(query)), analytics.query<DailyUsage>(dailyUsage(query))]);
  const usageOf = Map.groupBy(usage, ({ date }) => date);
  const days = totals.slice((asked.page - 1) * asked.limit, asked.page * asked.limit);
  const data = days.map(({ date, traces, observations, cost }) => ({
    date,
    countTraces: Number(traces),
    countObservations: Number(observations),
    totalCost: Number(cost),
    usage: (usageOf.get(date) ?? []).map((row) => ({
      model: row.model,
      inputUsage: Number(row.input),
      outputUsage: Number(row.output),
      totalUsage: Number(row.total),
      totalCost: Number(row.cost),
      countObservations: Number(row.observations),
      countTraces: Number(row.traces),
    })),
  }));
  return http.json({ data, meta: pageMeta(asked.page, asked.limit, totals.length) });
}
