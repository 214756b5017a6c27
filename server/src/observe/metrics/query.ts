// The `query` parameter of the metrics API: a JSON object that names a view, what to group by and what to measure (langfuse.md §1.11), parsed and checked.
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';
import { conditionsSchema } from '#observe/filter/filter.ts';

export const VIEWS = ['traces', 'observations', 'scores-numeric', 'scores-categorical', 'scores-boolean'] as const;
export type ViewName = (typeof VIEWS)[number];
export const AGGREGATIONS = ['sum', 'avg', 'count', 'max', 'min', 'p50', 'p75', 'p90', 'p95', 'p99', 'histogram', 'uniq'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];
export const GRANULARITIES = ['auto', 'minute', 'hour', 'day', 'week', 'month'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

const field = z.string().min(1).max(100);
const instant = z.iso.datetime({ offset: true });

/** The members of a query. */
export const metricsQueryShape = {
  view: z.enum(VIEWS),
  dimensions: z.array(z.object({ field })).max(10).default([]),
  metrics: z
    .array(z.object({ measure: field, aggregation: z.enum(AGGREGATIONS) }))
    .min(1)
    .max(20),
  filters: conditionsSchema.default([]),
  timeDimension: z.object({ granularity: z.enum(GRANULARITIES) }).nullish(),
  fromTimestamp: instant,
  toTimestamp: instant,
  orderBy: z
    .array(z.object({ field, direction: z.enum(['asc', 'desc']) }))
    .max(10)
    .nullish(),
  config: z.object({ bins: z.number().int().min(1).max(100).optional(), row_limit: z.number().int().min(1).max(1_000).optional() }).nullish(),
};

const querySchema = z.object(metricsQueryShape).refine((query) => Date.parse(query.fromTimestamp) < Date.parse(query.toTimestamp), {
  path: ['toTimestamp'],
  message: 'toTimestamp must be after fromTimestamp',
});

export type MetricsQuery = z.output<typeof querySchema>;

/** @throws AppError 400 for broken JSON and for what the schema refuses. */
export function parseMetricsQuery(parameter: string | undefined): MetricsQuery {
  let parsed: unknown;
  try {
    parsed = JSON.parse(parameter ?? '');
  } catch (cause) {
    throw new AppError('Invalid query: the parameter is not valid JSON. Send a JSON object with view, metrics, fromTimestamp and toTimestamp.', {
      status: 400,
      code: 'InvalidRequestError',
      param: 'query',
      cause,
    });
  }
  const result = querySchema.safeParse(parsed);
  if (result.success) return result.data;
  throw new AppError('Invalid request data', { status: 400, code: 'InvalidRequestError', param: 'query', details: result.error.issues });
}
