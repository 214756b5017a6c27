// GET /api/public/observations, /observations/{id} and /v2/observations (langfuse.md §1.5).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { parseFilter } from '#observe/filter/filter.ts';
import {
  booleanParameter,
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
import { type PromptLinks, unlinked } from '#observe/prompts/links.ts';
import { contentOf, searchParameters } from '#observe/search/content-filter.ts';
import { liveRows } from '#observe/store/newest.ts';
import { tracesById } from '#observe/traces/sql.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { OBSERVATION_FIELD_GROUPS, type ObservationFieldGroup, observationV1Of, observationV2Of, type TraceContext } from './shape.ts';
import {
  countObservations,
  type ObservationKey,
  type ObservationListQuery,
  type ObservationView,
  observationById,
  observationKeys,
  observationsOfKeys,
  type VersionedObservation,
} from './sql.ts';

const conditions = {
  name: wordParameter,
  userId: wordParameter,
  type: wordsParameter,
  traceId: wordParameter,
  level: wordParameter,
  environment: wordsParameter,
  fromStartTime: instantParameter,
  toStartTime: instantParameter,
  version: wordParameter,
  filter: wordParameter,
  ...searchParameters,
};
const listParameters = z.object({ ...conditions, parentObservationId: wordParameter, page: pageParameter, limit: limitParameter(100) });
const v2Parameters = z.object({
  ...conditions,
  // An empty value asks for observations without a parent, so it is not "absent" here.
  parentObservationId: z.string().max(5_000).optional(),
  sessionId: wordParameter,
  isRootObservation: booleanParameter,
  fields: commaListParameter,
  expandMetadata: commaListParameter,
  limit: limitParameter(1_000),
  cursor: wordParameter,
  parseIoAsJson: booleanParameter,
});
type V1 = z.output<typeof listParameters>;
type V2 = z.output<typeof v2Parameters>;

/** The routes over an analytics store. */
export function observationRoutes(analytics: Analytics, link: PromptLinks = unlinked): Route[] {
  const common = { method: 'GET', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    {
      ...common,
      path: '/api/public/observations',
      summary: 'List observations',
      query: listParameters,
      handle: (context) => bounded(() => list(analytics, link, context)),
    },
    {
      ...common,
      path: '/api/public/observations/:observationId',
      summary: 'Get an observation',
      handle: (context) => bounded(() => detail(analytics, link, context)),
    },
    {
      ...common,
      path: '/api/public/v2/observations',
      summary: 'List observations by cursor and field group',
      query: v2Parameters,
      handle: (context) => bounded(() => listV2(analytics, link, context)),
    },
  ];
}

async function list(analytics: Analytics, link: PromptLinks, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, listParameters);
  const query = queryOf(projectOf(principal), asked);
  const range = rangeOf(asked.fromStartTime, asked.toStartTime);
  const page = { skip: (asked.page - 1) * asked.limit, limit: asked.limit };
  // Made first: a statement that cannot be made (an unknown filter column) must not leave a started read behind.
  const counting = countObservations(query, range);
  const [keys, [total]] = await Promise.all([
    newestFirst(range, page, (window, limit) => analytics.query<ObservationKey>(observationKeys(query, window, limit))),
    analytics.query<{ total: string }>(counting),
  ]);
  const rows = await link(query.projectId, await rowsOf(analytics, query.projectId, keys, true));
  return http.json({ data: rows.map((row) => observationV1Of(row)), meta: pageMeta(asked.page, asked.limit, Number(total?.total ?? 0)) });
}

async function detail(analytics: Analytics, link: PromptLinks, { http, principal }: RouteContext): Promise<Response> {
  const found = await analytics.query<VersionedObservation>(observationById(projectOf(principal), http.req.param('observationId') ?? ''));
  const [row] = liveRows(found).sort((one, other) => other.start_time.localeCompare(one.start_time));
  if (!row) throw notFound('Observation not found within authorized project');
  const [linked] = await link(projectOf(principal), [row]);
  return http.json(observationV1Of(linked ?? row));
}

async function listV2(analytics: Analytics, link: PromptLinks, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, v2Parameters);
  if (asked.parseIoAsJson)
    throw new AppError('parseIoAsJson=true is not supported: input and output are always raw strings. Leave the parameter out.', {
      status: 400,
      code: 'InvalidRequestError',
      param: 'parseIoAsJson',
    });
  const query = { ...queryOf(projectOf(principal), asked), sessionId: asked.sessionId, isRoot: asked.isRootObservation };
  const after = asked.cursor === undefined ? null : decodeCursor(asked.cursor);
  const range = rangeOf(asked.fromStartTime, asked.toStartTime);
  // Everything from the cursor on lies at or before its instant.
  if (after) range.to = new Date(Math.min(range.to.getTime(), Date.parse(after.lastStartTimeTo) + 1));
  const found = await newestFirst(range, { skip: 0, limit: asked.limit + 1 }, (window, limit) =>
    analytics.query<ObservationKey>(observationKeys(query, window, limit, after)),
  );
  const keys = found.slice(0, asked.limit);
  const groups = groupsOf(asked.fields);
  const [rows, traces] = await Promise.all([rowsOf(analytics, query.projectId, keys, groups.has('io')), contextOf(analytics, query.projectId, keys, groups)]);
  const linked = groups.has('prompt') ? await link(query.projectId, rows) : rows;
  const expanded = new Set(asked.expandMetadata);
  const last = found.length > asked.limit ? keys.at(-1) : undefined;
  return http.json({
    data: linked.map((row) => observationV2Of(row, traces.get(row.trace_id), groups, expanded)),
    meta: last ? { cursor: encodeCursor(last) } : {},
  });
}

/** Whole rows in the order of their keys. */
async function rowsOf(analytics: Analytics, projectId: string, keys: readonly ObservationKey[], content: boolean): Promise<ObservationView[]> {
  if (keys.length === 0) return [];
  const rows = await analytics.query<ObservationView>(observationsOfKeys(projectId, keys, content));
  const byKey = new Map(rows.map((row) => [JSON.stringify([row.trace_id, row.id]), row]));
  return keys.flatMap((key) => byKey.get(JSON.stringify([key.trace_id, key.id])) ?? []);
}

type ContextRow = TraceContext & { id: string };

async function contextOf(
  analytics: Analytics,
  projectId: string,
  keys: readonly ObservationKey[],
  groups: ReadonlySet<ObservationFieldGroup>,
): Promise<Map<string, TraceContext>> {
  if (keys.length === 0 || !(groups.has('basic') || groups.has('trace_context'))) return new Map();
  const rows = await analytics.query<ContextRow>(tracesById(projectId, [...new Set(keys.map((key) => key.trace_id))], false));
  return new Map(rows.map((row) => [row.id, row]));
}

function queryOf(projectId: string, asked: V1 | V2): ObservationListQuery {
  const { content, rest } = contentOf(parseFilter(asked.filter));
  const { searchQuery: question, searchType: types } = asked;
  const byName = question !== undefined && !types.includes('content');
  return {
    projectId,
    name: asked.name,
    userId: asked.userId,
    types: asked.type,
    traceId: asked.traceId,
    level: asked.level,
    parentObservationId: asked.parentObservationId,
    environments: asked.environment,
    version: asked.version,
    filter: rest,
    content: question === undefined || byName ? content : [...content, { question, field: 'any' }],
    searchNames: byName ? question : undefined,
  };
}

/** core and the groups asked for; core and basic when none is known. */
function groupsOf(fields: readonly string[] | undefined): ReadonlySet<ObservationFieldGroup> {
  const known = OBSERVATION_FIELD_GROUPS.filter((group) => fields?.includes(group));
  return new Set<ObservationFieldGroup>(known.length === 0 ? ['core', 'basic'] : ['core', ...known]);
}
