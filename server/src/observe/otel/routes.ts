// GET /api/public/otel/logs and /api/public/otel/metrics: what OpenTelemetry's log and metric exporters sent, newest first. Ours (docs/otel-signals.md).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { invalidRequest } from '#observe/api/body.ts';
import { decodeCursor, encodeCursor } from '#observe/console/parameters.ts';
import { deletedTraceIds } from '#observe/deletion/deleted-traces.ts';
import {
  bounded,
  instantParameter,
  limitParameter,
  newestFirst,
  parameters,
  projectOf,
  rangeOf,
  wordParameter,
  wordsParameter,
} from '#observe/filter/parameters.ts';
import type { OtelLogRow, OtelMetricRow } from '#observe/rows.ts';
import type { TimeRange } from '#observe/store/newest.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { SqlFragment } from '#stores/analytics/sql.ts';
import type { Records } from '#stores/records/port.ts';
import { logOf, metricOf, severityOf } from './shape.ts';
import { logKeys, logsOfKeys, metricKeys, metricsOfKeys, type SignalKey } from './sql.ts';

const common = {
  fromTimestamp: instantParameter,
  toTimestamp: instantParameter,
  name: wordsParameter,
  serviceName: wordsParameter,
  environment: wordsParameter,
  limit: limitParameter(1_000),
  cursor: wordParameter,
};
const logParameters = z.object({ ...common, traceId: wordParameter, spanId: wordParameter, severity: wordParameter });
const metricParameters = z.object({ ...common, type: wordsParameter });

export function otelReadRoutes(analytics: Analytics, records: Pick<Records, 'query'>): Route[] {
  const shared = { method: 'GET', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    {
      ...shared,
      path: '/api/public/otel/logs',
      summary: 'Log records sent by OpenTelemetry exporters, newest first, by cursor',
      query: logParameters,
      handle: (context) => bounded(() => listLogs(analytics, records, context)),
    },
    {
      ...shared,
      path: '/api/public/otel/metrics',
      summary: 'Metric data points sent by OpenTelemetry exporters, newest first, by cursor',
      query: metricParameters,
      handle: (context) => bounded(() => listMetrics(analytics, context)),
    },
  ];
}

interface Asked {
  fromTimestamp?: string | undefined;
  toTimestamp?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** One page of keys and the cursor of the next. */
async function pageOf(
  analytics: Analytics,
  asked: Asked,
  statement: (page: { window: TimeRange; limit: number; after: SignalKey | null }) => SqlFragment,
): Promise<{ keys: SignalKey[]; meta: { cursor?: string } }> {
  const after = asked.cursor === undefined ? null : cursorOf(asked.cursor);
  const range = rangeOf(asked.fromTimestamp, asked.toTimestamp);
  if (after) range.to = new Date(Math.min(range.to.getTime(), Date.parse(after.timestamp) + 1));
  const found = await newestFirst(range, { skip: 0, limit: asked.limit + 1 }, (window, limit) =>
    analytics.query<SignalKey>(statement({ window, limit, after })),
  );
  const keys = found.slice(0, asked.limit);
  const last = found.length > asked.limit ? keys.at(-1) : undefined;
  return { keys, meta: last === undefined ? {} : { cursor: encodeCursor(last) } };
}

function cursorOf(text: string): SignalKey {
  try {
    return decodeCursor(text);
  } catch (cause) {
    throw new AppError('Invalid cursor format', { status: 400, code: 'InvalidRequestError', param: 'cursor', cause });
  }
}

async function listLogs(analytics: Analytics, records: Pick<Records, 'query'>, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, logParameters);
  const severity = asked.severity === undefined ? undefined : severityOf(asked.severity);
  if (severity === null) throw invalidRequest('severity is the least severity: trace, debug, info, warn, error, fatal, or a number from 1 to 24.');
  const query = {
    projectId: projectOf(principal),
    names: asked.name,
    services: asked.serviceName,
    environments: asked.environment,
    traceId: asked.traceId?.toLowerCase(),
    spanId: asked.spanId?.toLowerCase(),
    severity,
  };
  const { keys, meta } = await pageOf(analytics, asked, (page) => logKeys(query, page));
  const rows = keys.length === 0 ? [] : await analytics.query<OtelLogRow>(logsOfKeys(query, keys));
  // A deleted trace is gone at once; its rows leave the tables later.
  const deleted = await deletedTraceIds(
    records,
    query.projectId,
    rows.map((row) => row.trace_id),
  );
  return http.json({ data: rows.filter((row) => !deleted.has(row.trace_id)).map(logOf), meta });
}

async function listMetrics(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, metricParameters);
  const query = {
    projectId: projectOf(principal),
    names: asked.name,
    services: asked.serviceName,
    environments: asked.environment,
    types: asked.type,
  };
  const { keys, meta } = await pageOf(analytics, asked, (page) => metricKeys(query, page));
  const rows = keys.length === 0 ? [] : await analytics.query<OtelMetricRow>(metricsOfKeys(query, keys));
  return http.json({ data: rows.map(metricOf), meta });
}
