// GET /api/public/experiments and /experiment-items: dataset runs as the newest clients read them (langfuse-openapi.yml, experiments_list and experiments_listItems).
import type { Route, RouteContext } from '#http/route.ts';
import { isFields } from '#lib/json.ts';
import { bounded, parameters, projectOf } from '#observe/filter/parameters.ts';
import { isoMs, isoMsOrNull, parsedContent, parsedMetadata } from '#observe/filter/values.ts';
import type { ScoreTypes } from '#observe/score-configs/check.ts';
import type { ScoreView } from '#observe/scores/sql.ts';
import { scoreV3Of } from '#observe/scores/v3.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Records } from '#stores/records/port.ts';
import {
  decodeExperimentCursor,
  encodeExperimentCursor,
  experimentGroups,
  experimentItemParameters,
  experimentParameters,
  type ItemGroup,
  itemGroups,
  textConditions,
} from './experiment-parameters.ts';
import { type ItemSpan, itemSpans, scoresOfItems, scoresOfRuns } from './experiment-spans.ts';
import { type ExperimentItemRow, type ExperimentRow, listExperimentItems, listExperiments } from './experiment-sql.ts';

interface ExperimentParts {
  analytics: Analytics;
  records: Pick<Records, 'query'>;
  types: ScoreTypes;
}

/** What a score of an experiment says of itself: everything. */
const SCORE_GROUPS = new Set(['core', 'details', 'subject', 'annotation']);
/** A run may be scored a little before its first item stands in it, by the clock of its client. */
const SCORES_BEFORE_MS = 86_400_000;

/** The routes over the records and the analytics. */
export function experimentRoutes(parts: ExperimentParts): Route[] {
  const common = { method: 'GET', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    {
      ...common,
      path: '/api/public/experiments',
      summary: 'List experiments (dataset runs), the latest active first',
      query: experimentParameters,
      handle: (context) => bounded(() => list(parts, context)),
    },
    {
      ...common,
      path: '/api/public/experiment-items',
      summary: 'List items of experiments with what was expected, answered and scored',
      query: experimentItemParameters,
      handle: (context) => bounded(() => listItems(parts, context)),
    },
  ];
}

async function list({ analytics, records, types }: ExperimentParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, experimentParameters);
  const projectId = projectOf(principal);
  const groups = experimentGroups(asked.fields);
  const found = await listExperiments(records, {
    projectId,
    from: asked.fromStartTime,
    to: asked.toStartTime,
    conditions: textConditions({ id: asked.id, name: asked.name, datasetId: asked.datasetId }, asked.filter),
    after: asked.cursor === undefined ? null : decodeExperimentCursor(asked.cursor),
    limit: asked.limit,
  });
  const rows = found.slice(0, asked.limit);
  const since = new Date(Math.min(...rows.map((row) => Date.parse(row.started_at))) - SCORES_BEFORE_MS);
  const scored = groups.has('scores') ? await scoresOfRuns(analytics, { projectId, runIds: rows.map((row) => row.id), since, limit: asked.scoreLimit }) : [];
  const scores = Map.groupBy(await types(projectId, scored), (score) => score.dataset_run_id);
  const last = found.length > asked.limit ? rows.at(-1) : undefined;
  return http.json({
    data: rows.map((row) => ({
      ...experimentOf(row),
      ...(groups.has('metadata') ? { metadata: objectOrNull(row.metadata) } : {}),
      ...(groups.has('scores') ? { scores: (scores.get(row.id) ?? []).map((score) => scoreV3Of(score, SCORE_GROUPS)) } : {}),
    })),
    meta: last ? { cursor: encodeExperimentCursor({ at: last.ended_at, id: last.id }) } : {},
  });
}

function experimentOf(row: ExperimentRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    startTime: isoMs(row.started_at),
    endTime: isoMs(row.ended_at),
    itemCount: Number(row.items),
    datasetId: row.dataset_id,
  };
}

async function listItems({ analytics, records, types }: ExperimentParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, experimentItemParameters);
  const projectId = projectOf(principal);
  const groups = itemGroups(asked.fields);
  const { experimentId, experimentName, experimentItemId, datasetId } = asked;
  const found = await listExperimentItems(records, {
    projectId,
    from: asked.fromStartTime,
    to: asked.toStartTime,
    conditions: textConditions({ experimentId, experimentName, experimentItemId, datasetId }, asked.filter),
    after: asked.cursor === undefined ? null : decodeExperimentCursor(asked.cursor),
    limit: asked.limit,
  });
  const rows = found.slice(0, asked.limit);
  const [spans, scores] = await Promise.all([
    itemSpans(analytics, projectId, rows, groups.has('io') || groups.has('metadata')),
    groups.has('scores') ? scoresOfItems(analytics, projectId, [...new Set(rows.map((row) => row.trace_id))]).then((all) => types(projectId, all)) : [],
  ]);
  const last = found.length > asked.limit ? rows.at(-1) : undefined;
  return http.json({
    data: rows.map((row, index) => itemOf(row, spans[index] ?? null, groups, scoresOf(row, spans[index] ?? null, scores).slice(0, asked.scoreLimit))),
    meta: last ? { cursor: encodeExperimentCursor({ at: last.created_at, id: last.id }) } : {},
  });
}

/** Of an item's trace and of its span, not of other spans of the trace. */
function scoresOf(row: ExperimentItemRow, span: ItemSpan | null, scores: readonly ScoreView[]): ScoreView[] {
  return scores.filter((score) => score.trace_id === row.trace_id && (score.observation_id === '' || score.observation_id === span?.id));
}

/** An item of which nothing is stored (yet, or any more) is there all the same, at the instant at which it was put into its run. */
function itemOf(row: ExperimentItemRow, span: ItemSpan | null, groups: ReadonlySet<ItemGroup>, scores: readonly ScoreView[]): Record<string, unknown> {
  const parts: Partial<Record<ItemGroup, () => Record<string, unknown>>> = {
    dataset: () => ({ experimentDatasetId: row.dataset_id, experimentItemVersion: row.item_valid_from.toISOString() }),
    io: () => ({
      input: parsedContent(span?.input ?? null) ?? row.input ?? null,
      output: parsedContent(span?.output ?? null),
      expectedOutput: row.expected_output ?? null,
    }),
    metadata: () => ({ metadata: span === null ? null : parsedMetadata(span.metadata) }),
    itemMetadata: () => ({ experimentItemMetadata: objectOrNull(row.item_metadata) }),
    experimentMetadata: () => ({ experimentMetadata: objectOrNull(row.run_metadata), experimentDescription: row.run_description }),
    scores: () => ({ scores: scores.map((score) => scoreV3Of(score, SCORE_GROUPS)) }),
  };
  const answer: Record<string, unknown> = {
    id: span?.id ?? row.observation_id ?? row.trace_id,
    traceId: row.trace_id,
    startTime: isoMs(span?.start_time ?? row.created_at),
    endTime: isoMsOrNull(span?.end_time ?? null),
    level: span?.level ?? 'DEFAULT',
    environment: span?.environment ?? 'default',
    experimentId: row.dataset_run_id,
    experimentName: row.run_name,
    experimentItemId: row.dataset_item_id,
  };
  for (const group of groups) Object.assign(answer, parts[group]?.());
  return answer;
}

/** The contract has an object or nothing there; what a client kept beside that (a word, a list) is read by the routes of dataset runs. */
function objectOrNull(value: unknown): Record<string, unknown> | null {
  return isFields(value) ? value : null;
}
