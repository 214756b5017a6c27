// GET /api/console/traces and /api/console/traces/{id} (contract.ts): the table and the detail page.
import { z } from 'zod';
import type { ConsoleObservation, ConsoleScore, ConsoleTrace, ConsoleTraceRow, ConsoleTraces } from '#contract.ts';
import type { RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { limitParameter, newestFirst, parameters, wordParameter } from '#observe/filter/parameters.ts';
import { isoMs, isoMsOrNull, numbersOf, parsedContent, parsedMetadata, rawContent, secondsBetween } from '#observe/filter/values.ts';
import type { ObservationView } from '#observe/observations/sql.ts';
import type { ScoreView } from '#observe/scores/sql.ts';
import type { TraceMetrics } from '#observe/traces/metrics-sql.ts';
import { metricsOf, type TraceListQuery, type TraceView, traceKeysBefore, tracesOfKeys } from '#observe/traces/sql.ts';
import { readWholeTrace } from '#observe/traces/whole-trace.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { assertUser, consoleRange, decodeCursor, encodeCursor, projectParameter, rangeParameters } from './parameters.ts';

export const tracesParameters = z.object({
  projectId: projectParameter,
  ...rangeParameters,
  limit: limitParameter(200),
  cursor: wordParameter,
  search: wordParameter,
  userId: wordParameter,
  sessionId: wordParameter,
  tag: wordParameter,
  environment: wordParameter,
});
export const traceParameters = z.object({ projectId: projectParameter });

const PREVIEW_CHARACTERS = 200;

export async function listTraces(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  assertUser(principal);
  const asked = parameters(http, tracesParameters);
  const query: TraceListQuery = {
    projectId: asked.projectId,
    userId: asked.userId,
    sessionId: asked.sessionId,
    tags: asked.tag === undefined ? undefined : [asked.tag],
    environments: asked.environment === undefined ? undefined : [asked.environment],
    search: asked.search,
    filter: [],
  };
  const range = consoleRange(asked);
  const before = asked.cursor === undefined ? null : decodeCursor(asked.cursor);
  if (before) range.to = new Date(Math.min(range.to.getTime(), Date.parse(before.timestamp) + 1));
  const found = await newestFirst(range, { skip: 0, limit: asked.limit + 1 }, (window, limit) =>
    analytics.query<{ id: string; timestamp: string }>(traceKeysBefore(query, window, limit, before)),
  );
  const keys = found.slice(0, asked.limit);
  const last = found.length > asked.limit ? keys.at(-1) : undefined;
  const answer: ConsoleTraces = { data: await rowsOf(analytics, asked.projectId, keys), nextCursor: last ? encodeCursor(last) : null };
  return http.json(answer);
}

async function rowsOf(analytics: Analytics, projectId: string, keys: readonly { id: string; timestamp: string }[]): Promise<ConsoleTraceRow[]> {
  if (keys.length === 0) return [];
  const ids = keys.map((key) => key.id);
  const [rows, metrics] = await Promise.all([
    analytics.query<TraceView>(tracesOfKeys(projectId, keys, true)),
    analytics.query<TraceMetrics>(metricsOf(projectId, ids)),
  ]);
  const rowById = new Map(rows.map((row) => [row.id, row]));
  const metricsById = new Map(metrics.map((row) => [row.trace_id, row]));
  return ids.flatMap((id) => {
    const row = rowById.get(id);
    return row ? [rowOf(row, metricsById.get(id))] : [];
  });
}

function attributesOf(row: TraceView) {
  return {
    id: row.id,
    timestamp: isoMs(row.timestamp),
    name: row.name,
    userId: row.user_id,
    sessionId: row.session_id,
    environment: row.environment,
    tags: row.tags,
    inputPreview: preview(row.input),
    outputPreview: preview(row.output),
  };
}

function rowOf(row: TraceView, metrics: TraceMetrics | undefined): ConsoleTraceRow {
  return {
    ...attributesOf(row),
    observations: metrics?.ids.length ?? 0,
    errors: Number(metrics?.errors ?? 0),
    latencyMs: metrics ? metrics.latency * 1000 : null,
    totalTokens: Number(metrics?.total_tokens ?? 0),
    totalCost: metrics && metrics.priced !== '0' ? formatPicos(parsePicos(metrics.total_cost)) : null,
  };
}

function preview(content: string | null): string | null {
  const raw = rawContent(content);
  return raw === null ? null : [...raw.slice(0, PREVIEW_CHARACTERS * 2)].slice(0, PREVIEW_CHARACTERS).join('');
}

export async function getTrace(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  assertUser(principal);
  const { projectId } = parameters(http, traceParameters);
  const traceId = http.req.param('traceId') ?? '';
  const whole = await readWholeTrace(analytics, projectId, traceId);
  if (!whole)
    throw new AppError('This trace does not exist in the project (any more). Check the link, or look for it in the list.', {
      status: 404,
      code: 'not_found_error',
    });
  const { trace, observations, scores, figures } = whole;
  const answer: ConsoleTrace = {
    trace: {
      ...attributesOf(trace),
      observations: observations.length,
      errors: figures.errors,
      latencyMs: figures.latencySeconds === null ? null : figures.latencySeconds * 1000,
      totalTokens: figures.totalTokens,
      totalCost: figures.totalCost,
      input: trace.input,
      output: trace.output,
      metadata: parsedMetadata(trace.metadata),
      release: trace.release,
      version: trace.version,
      public: trace.public === 1,
    },
    observations: observations.map((row) => observationOf(row, figures.countedElsewhere.has(row.id))),
    scores: scores.map(scoreOf),
  };
  return http.json(answer);
}

function observationOf(row: ObservationView, costCountedElsewhere: boolean): ConsoleObservation {
  const modelParameters = row.model_parameters === null ? null : parsedContent(row.model_parameters);
  return {
    id: row.id,
    parentId: row.parent_observation_id === '' ? null : row.parent_observation_id,
    type: row.type,
    name: row.name,
    level: row.level,
    statusMessage: row.status_message,
    startTime: isoMs(row.start_time),
    endTime: isoMsOrNull(row.end_time),
    latencyMs: row.end_time === null ? null : secondsBetween(row.start_time, row.end_time) * 1000,
    firstTokenMs: row.completion_start_time === null ? null : secondsBetween(row.start_time, row.completion_start_time) * 1000,
    model: row.provided_model_name,
    modelParameters: typeof modelParameters === 'object' ? (modelParameters as Record<string, unknown> | null) : null,
    usage: numbersOf(row.usage_details),
    totalCost: row.total_cost === null ? null : formatPicos(parsePicos(row.total_cost)),
    costCountedElsewhere,
    input: row.input,
    output: row.output,
    metadata: parsedMetadata(row.metadata),
    keyAlias: row.key_alias,
    promptName: row.prompt_name,
    promptVersion: row.prompt_version,
  };
}

function scoreOf(row: ScoreView): ConsoleScore {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    dataType: row.data_type,
    value: row.value,
    stringValue: row.string_value,
    comment: row.comment,
    observationId: row.observation_id === '' ? null : row.observation_id,
    timestamp: isoMs(row.timestamp),
  };
}
