// What is known of traces that have become quiet, out of their rows and of what people attached to them.
import { newestOf } from '#observe/store/newest.ts';
import { traceMetrics } from '#observe/traces/metrics-sql.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { type SqlFragment, sql, text, texts } from '#stores/analytics/sql.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { tracesInUse } from './in-use.ts';
import type { TraceFacts } from './rule.ts';

export interface StoredTrace extends TraceFacts {
  /** YYYY-MM-DD in UTC. */
  day: string;
  /** Decimal text. */
  costText: string;
  observations: number;
}

const LIMITS = { timeoutMs: 60_000, lane: 'writer' } as const;

interface ObservationFacts {
  trace_id: string;
  ids: string[];
  open: string;
  errors: string;
  latency: number;
  total_cost: string;
  environments: string[];
  names: string[];
  tags: string[];
  sessions: string[];
  day: string;
}

interface OwnFacts {
  id: string;
  environment: string;
  name: string | null;
  tags: string[];
  session_id: string | null;
  held: 0 | 1;
  day: string;
}

/** The traces of which rows are stored; others are none. */
export async function factsOf(
  stores: { analytics: Analytics; records: RecordsSession },
  projectId: string,
  traceIds: readonly string[],
): Promise<StoredTrace[]> {
  const { analytics, records } = stores;
  const observed = await analytics.query<ObservationFacts>(observationFacts(projectId, traceIds), LIMITS);
  const own = await analytics.query<OwnFacts>(ownFacts(projectId, traceIds), LIMITS);
  const scored = await analytics.query<{ trace_id: string; scores: string }>(scoreFacts(projectId, traceIds), LIMITS);
  const facts = traceIds.flatMap((traceId) => {
    const rows = observed.find((row) => row.trace_id === traceId);
    const trace = own.find((row) => row.id === traceId);
    const scores = Number(scored.find((row) => row.trace_id === traceId)?.scores ?? 0);
    return rows === undefined && trace === undefined ? [] : [{ traceId, rows, trace, scores }];
  });
  const inUse = await tracesInUse(
    records,
    projectId,
    facts.map(({ traceId, rows, trace }) => ({
      traceId,
      observationIds: rows?.ids ?? [],
      sessionIds: [...(rows?.sessions ?? []), ...(trace?.session_id ? [trace.session_id] : [])],
    })),
  );
  return facts.map((found) => ({ ...ofRows(found.rows), ...withOwn(found), inUse: found.trace?.held === 1 || inUse.has(found.traceId) }));
}

/** What the observations say; a trace without any says nothing. */
function ofRows(rows: ObservationFacts | undefined): Pick<StoredTrace, 'observations' | 'errors' | 'open' | 'latencyMs' | 'cost' | 'costText'> {
  if (rows === undefined) return { observations: 0, errors: 0, open: 0, latencyMs: 0, cost: 0, costText: '0' };
  const { ids, errors, open, latency, total_cost: cost } = rows;
  return { observations: ids.length, errors: Number(errors), open: Number(open), latencyMs: latency * 1_000, cost: Number(cost), costText: cost };
}

interface Found {
  traceId: string;
  rows: ObservationFacts | undefined;
  trace: OwnFacts | undefined;
  scores: number;
}

function withOwn({ traceId, rows, trace, scores }: Found): Pick<StoredTrace, 'traceId' | 'scores' | 'environments' | 'tags' | 'names' | 'day'> {
  return {
    traceId,
    scores,
    environments: [...(rows?.environments ?? []), ...(trace ? [trace.environment] : [])],
    tags: [...(rows?.tags ?? []), ...(trace?.tags ?? [])],
    names: [...(rows?.names ?? []), ...(trace?.name ? [trace.name] : [])],
    day: trace?.day ?? rows?.day ?? '',
  };
}

const METRIC_COLUMNS = sql`project_id, trace_id, id, parent_observation_id, start_time, end_time, level, cost_source, total_cost, cost_details, usage_details`;

function observationFacts(projectId: string, traceIds: readonly string[]): SqlFragment {
  const match = sql`project_id = ${text(projectId)} AND trace_id IN ${texts(traceIds)}`;
  const metrics = traceMetrics(newestOf('observations', METRIC_COLUMNS, match));
  const rows = newestOf(
    'observations',
    sql`project_id, trace_id, id, type, is_trace, name, trace_name, start_time, end_time, environment, tags, session_id`,
    match,
  );
  return sql`SELECT m.trace_id AS trace_id, m.ids AS ids, m.errors AS errors, m.latency AS latency, toString(m.total_cost) AS total_cost, o.open AS open, o.environments AS environments,
      o.names AS names, o.all_tags AS tags, o.sessions AS sessions, o.day AS day
    FROM (${metrics}) AS m INNER JOIN (
      SELECT trace_id, countIf(end_time IS NULL AND type != 'EVENT') AS open, groupUniqArray(environment) AS environments,
        groupUniqArrayIf(ifNull(coalesce(trace_name, name), ''), is_trace = 1) AS names, groupUniqArrayArray(tags) AS all_tags, groupUniqArrayIf(ifNull(session_id, ''), session_id IS NOT NULL) AS sessions,
        formatDateTime(min(start_time), '%F', 'UTC') AS day
      FROM ${rows} GROUP BY trace_id) AS o ON o.trace_id = m.trace_id`;
}

function ownFacts(projectId: string, traceIds: readonly string[]): SqlFragment {
  const match = sql`project_id = ${text(projectId)} AND id IN ${texts(traceIds)}`;
  const rows = newestOf('traces', sql`project_id, id, timestamp, environment, name, tags, session_id, public, bookmarked`, match);
  return sql`SELECT id, environment, name, tags, session_id, greatest(public, bookmarked) AS held, formatDateTime(timestamp, '%F', 'UTC') AS day FROM ${rows}`;
}

function scoreFacts(projectId: string, traceIds: readonly string[]): SqlFragment {
  const named = sql`SELECT id FROM scores WHERE project_id = ${text(projectId)} AND trace_id IN ${texts(traceIds)}`;
  const rows = newestOf('scores', sql`project_id, id, trace_id`, sql`project_id = ${text(projectId)} AND id IN (${named})`);
  return sql`SELECT trace_id, count() AS scores FROM ${rows} WHERE trace_id IN ${texts(traceIds)} GROUP BY trace_id`;
}

/** Bytes of the rows of each trace before compression, versions that are not merged yet included. */
export async function bytesOf(analytics: Analytics, projectId: string, traceIds: readonly string[]): Promise<Map<string, number>> {
  const [project, ids] = [sql`project_id = ${text(projectId)}`, texts(traceIds)];
  const rows = await analytics.query<{ trace_id: string; bytes: string }>(
    sql`SELECT trace_id, sum(bytes) AS bytes FROM (
      SELECT trace_id, byteSize(*) AS bytes FROM observations WHERE ${project} AND trace_id IN ${ids} AND is_deleted = 0
      UNION ALL SELECT id AS trace_id, byteSize(*) AS bytes FROM traces WHERE ${project} AND id IN ${ids} AND is_deleted = 0
      UNION ALL SELECT trace_id, byteSize(*) AS bytes FROM scores WHERE ${project} AND trace_id IN ${ids} AND is_deleted = 0
      UNION ALL SELECT trace_id, byteSize(*) AS bytes FROM otel_logs WHERE ${project} AND trace_id IN ${ids}) GROUP BY trace_id`,
    LIMITS,
  );
  return new Map(rows.map((row) => [row.trace_id, Number(row.bytes)]));
}
