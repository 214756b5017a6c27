// GET /api/public/v3/scores: cursor pages, comma lists, one value whose type is the score's (langfuse.md §1.6).
import { z } from 'zod';
import type { RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import {
  commaListParameter,
  instantParameter,
  limitParameter,
  newestFirst,
  parameters,
  projectOf,
  rangeOf,
  wordParameter,
} from '#observe/filter/parameters.ts';
import { isoMs, parsedMetadata } from '#observe/filter/values.ts';
import type { ScoreTypes } from '#observe/score-configs/check.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { ScoreView } from './sql.ts';
import { listScoresV3, type ScoreCursor, type ScoresV3Query } from './v3-sql.ts';

const numberParameter = z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().optional());

/** Unknown parameters are refused: a misspelt filter must not read as no filter. */
export const v3Parameters = z.strictObject({
  limit: limitParameter(100),
  cursor: wordParameter,
  fields: commaListParameter,
  id: commaListParameter,
  name: commaListParameter,
  source: commaListParameter,
  dataType: commaListParameter,
  environment: commaListParameter,
  configId: commaListParameter,
  queueId: commaListParameter,
  authorUserId: commaListParameter,
  value: commaListParameter,
  valueMin: numberParameter,
  valueMax: numberParameter,
  traceId: commaListParameter,
  sessionId: commaListParameter,
  observationId: commaListParameter,
  experimentId: commaListParameter,
  fromTimestamp: instantParameter,
  toTimestamp: instantParameter,
});
type Asked = z.output<typeof v3Parameters>;

const GROUPS = ['core', 'details', 'subject', 'annotation'];
const DATA_TYPES = ['NUMERIC', 'BOOLEAN', 'CATEGORICAL', 'TEXT', 'CORRECTION'];
const SOURCES = ['API', 'ANNOTATION', 'EVAL'];

export async function listV3(analytics: Analytics, types: ScoreTypes, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, v3Parameters);
  const projectId = projectOf(principal);
  const query = queryOf(projectId, asked);
  const after = asked.cursor === undefined ? null : decodeScoreCursor(asked.cursor);
  const range = rangeOf(asked.fromTimestamp, asked.toTimestamp);
  if (after) range.to = new Date(Math.min(range.to.getTime(), Date.parse(after.timestamp) + 1));
  const found = await newestFirst(range, { skip: 0, limit: asked.limit + 1 }, (window, limit) =>
    analytics.query<ScoreView>(listScoresV3(query, window, limit, after)),
  );
  const rows = await types(projectId, found.slice(0, asked.limit));
  const last = found.length > asked.limit ? rows.at(-1) : undefined;
  const groups = new Set(asked.fields);
  return http.json({ data: rows.map((row) => scoreV3Of(row, groups)), meta: { limit: asked.limit, ...(last ? { cursor: encodeScoreCursor(last) } : {}) } });
}

/** One score with the groups asked for. */
export function scoreV3Of(row: ScoreView, groups: ReadonlySet<string>): Record<string, unknown> {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    value: wireValue(row),
    dataType: row.data_type,
    source: row.source,
    timestamp: isoMs(row.timestamp),
    environment: row.environment,
    createdAt: isoMs(row.created_at),
    updatedAt: isoMs(row.updated_at),
    ...(groups.has('details') ? { comment: row.comment, configId: row.config_id, metadata: parsedMetadata(row.metadata) } : {}),
    ...(groups.has('annotation') ? { authorUserId: row.author_user_id, queueId: row.queue_id } : {}),
    ...(groups.has('subject') ? { subject: subjectOf(row) } : {}),
  };
}

function wireValue(row: ScoreView): number | boolean | string {
  if (row.data_type === 'NUMERIC') return row.value ?? 0;
  return row.data_type === 'BOOLEAN' ? row.value === 1 : (row.string_value ?? '');
}

function subjectOf(row: ScoreView): { kind: string; id: string; traceId?: string } | null {
  if (row.observation_id !== '') return { kind: 'observation', id: row.observation_id, traceId: row.trace_id };
  if (row.trace_id !== '') return { kind: 'trace', id: row.trace_id };
  if (row.session_id !== '') return { kind: 'session', id: row.session_id };
  return row.dataset_run_id === '' ? null : { kind: 'experiment', id: row.dataset_run_id };
}

function refusal(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError', param });
}

/** Values of a closed list, in any case. @throws AppError 400 naming what is known. */
function known(values: readonly string[] | undefined, all: readonly string[], param: string): string[] | undefined {
  const upper = values?.map((value) => (param === 'fields' ? value : value.toUpperCase()));
  const unknown = upper?.find((value) => !all.includes(value));
  if (unknown !== undefined) throw refusal(`Invalid ${param}: ${unknown.slice(0, 60)}. Use ${all.join(', ')}.`, param);
  return upper;
}

function queryOf(projectId: string, asked: Asked): ScoresV3Query {
  known(asked.fields, GROUPS, 'fields');
  const dataTypes = known(asked.dataType, DATA_TYPES, 'dataType');
  refuseSubjects(asked);
  return {
    projectId,
    texts: {
      id: asked.id,
      name: asked.name,
      source: known(asked.source, SOURCES, 'source'),
      data_type: dataTypes,
      environment: asked.environment,
      config_id: asked.configId,
      queue_id: asked.queueId,
      author_user_id: asked.authorUserId,
      trace_id: asked.traceId,
      session_id: asked.sessionId,
      observation_id: asked.observationId,
      dataset_run_id: asked.experimentId,
    },
    ...valuesOf(asked, dataTypes?.length === 1 ? (dataTypes[0] as string) : null),
  };
}

function refuseSubjects(asked: Asked): void {
  const kinds = [asked.traceId, asked.sessionId, asked.experimentId].filter((ids) => ids?.length);
  if (kinds.length > 1) throw refusal('traceId, sessionId and experimentId exclude each other: name one of them.', 'traceId');
  if (asked.observationId?.length && asked.traceId?.length !== 1)
    throw refusal('observationId needs exactly one traceId: observations have their ids within a trace.', 'observationId');
}

function valuesOf(asked: Asked, dataType: string | null): Pick<ScoresV3Query, 'numbers' | 'words' | 'min' | 'max'> {
  if ((asked.valueMin !== undefined || asked.valueMax !== undefined) && dataType !== 'NUMERIC')
    throw refusal('valueMin and valueMax need dataType=NUMERIC.', 'valueMin');
  const limits = { min: asked.valueMin, max: asked.valueMax };
  if (!asked.value?.length) return limits;
  switch (dataType) {
    case 'NUMERIC':
      return { ...limits, numbers: asked.value.map(numeric) };
    case 'BOOLEAN':
      return { ...limits, numbers: asked.value.map(booleanNumber) };
    case 'CATEGORICAL':
      return { ...limits, words: asked.value };
    default:
      throw refusal('value needs one dataType: NUMERIC, BOOLEAN or CATEGORICAL.', 'value');
  }
}

function numeric(value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw refusal(`Invalid value: ${value.slice(0, 60)} is not a number.`, 'value');
  return number;
}

function booleanNumber(value: string): number {
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === '1') return 1;
  if (lower === 'false' || lower === '0') return 0;
  throw refusal(`Invalid value: ${value.slice(0, 60)} is neither true nor false.`, 'value');
}

const cursorSchema = z.object({ timestamp: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/), id: z.string().max(800) });

/** The cursor after a score. */
export function encodeScoreCursor({ timestamp, id }: ScoreCursor): string {
  return Buffer.from(JSON.stringify({ timestamp, id }), 'utf8').toString('base64url');
}

/** @throws AppError 400 `Invalid cursor format`. */
export function decodeScoreCursor(text: string): ScoreCursor {
  try {
    const cursor = cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    if (Number.isNaN(Date.parse(cursor.timestamp))) throw new RangeError('not an instant');
    return cursor;
  } catch (cause) {
    throw new AppError('Invalid cursor format', { status: 400, code: 'InvalidRequestError', param: 'cursor', cause });
  }
}
