// What the analytics hold of the items of experiments: the span that answered, and the scores of spans, traces and runs.
import type { ObservationView } from '#observe/observations/sql.ts';
import { observationsOfKeys } from '#observe/observations/sql.ts';
import { COLUMNS_READ, type ScoreView } from '#observe/scores/sql.ts';
import { FINAL_SETTINGS, liveIn, newestOf } from '#observe/store/newest.ts';
import { projectIs, type TraceView, tracesById } from '#observe/traces/sql.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { type SqlFragment, sql, texts, uint32 } from '#stores/analytics/sql.ts';

interface SpanRow {
  trace_id: string;
  id: string;
  start_time: string;
  end_time: string | null;
  environment: string;
  level: string;
  parent_observation_id: string;
}

/** The span of an item with its contents where they were asked for; its trace stands in where it has none. */
export interface ItemSpan extends Omit<SpanRow, 'parent_observation_id'> {
  metadata: Record<string, string>;
  input: string | null;
  output: string | null;
}

interface ItemRef {
  trace_id: string;
  observation_id: string | null;
}

const spanKey = (traceId: string, id: string): string => JSON.stringify([traceId, id]);

/** Beginnings and roots only: a trace of 100,000 spans gives those that an item names and those without a parent. */
function spansOf(projectId: string, items: readonly ItemRef[]): SqlFragment {
  const columns = sql`project_id, trace_id, id, start_time, end_time, environment, level, parent_observation_id`;
  const traces = [...new Set(items.map((item) => item.trace_id))];
  const named = items.flatMap((item) => item.observation_id ?? []);
  return sql`SELECT trace_id, id, start_time, end_time, environment, level, parent_observation_id
    FROM ${newestOf('observations', columns, sql`${projectIs(projectId)} AND trace_id IN ${texts(traces)}`)}
    WHERE id IN ${texts(named)} OR parent_observation_id = '' ORDER BY start_time, id LIMIT 50 BY trace_id`;
}

/**
 * The span of each item, in the items' order: the observation that it names, else the first without a parent, else its trace. Null when nothing is stored of it.
 * `content` fetches inputs, outputs and metadata too.
 */
export async function itemSpans(analytics: Analytics, projectId: string, items: readonly ItemRef[], content: boolean): Promise<(ItemSpan | null)[]> {
  if (items.length === 0) return [];
  const traceIds = [...new Set(items.map((item) => item.trace_id))];
  const [spans, traces] = await Promise.all([
    analytics.query<SpanRow>(spansOf(projectId, items)),
    analytics.query<TraceView>(tracesById(projectId, traceIds, content)),
  ]);
  const byKey = new Map(spans.map((span) => [spanKey(span.trace_id, span.id), span]));
  const roots = new Map(
    spans
      .filter((span) => span.parent_observation_id === '')
      .map((span) => [span.trace_id, span] as const)
      .reverse(),
  );
  const chosen = items.map((item) => (item.observation_id === null ? roots.get(item.trace_id) : byKey.get(spanKey(item.trace_id, item.observation_id))));
  const whole = content ? await contentsOf(analytics, projectId, chosen) : new Map<string, ObservationView>();
  const traceById = new Map(traces.map((trace) => [trace.id, trace]));
  return items.map((item, index) => {
    const span = chosen[index];
    const trace = traceById.get(item.trace_id);
    if (span === undefined) return trace === undefined ? null : spanOfTrace(trace);
    const own = whole.get(spanKey(span.trace_id, span.id));
    // An item that names only its trace means the trace's own input and output, where it has some.
    const outer = item.observation_id === null ? trace : undefined;
    return { ...span, metadata: own?.metadata ?? {}, input: outer?.input ?? own?.input ?? null, output: outer?.output ?? own?.output ?? null };
  });
}

function spanOfTrace(trace: TraceView): ItemSpan {
  const { id, timestamp, environment, metadata, input = null, output = null } = trace;
  return { trace_id: id, id, start_time: timestamp, end_time: null, environment, level: 'DEFAULT', metadata, input, output };
}

async function contentsOf(analytics: Analytics, projectId: string, chosen: readonly (SpanRow | undefined)[]): Promise<Map<string, ObservationView>> {
  const keys = chosen.filter((span) => span !== undefined);
  if (keys.length === 0) return new Map();
  const rows = await analytics.query<ObservationView>(observationsOfKeys(projectId, keys, true));
  return new Map(rows.map((row) => [spanKey(row.trace_id, row.id), row]));
}

/** Scores of the items' traces and spans by trace, newest first. */
export async function scoresOfItems(analytics: Analytics, projectId: string, traceIds: readonly string[]): Promise<ScoreView[]> {
  if (traceIds.length === 0) return [];
  // The trace is not part of a score's identity, so it is compared on the newest version only.
  const ids = sql`SELECT id FROM scores WHERE ${projectIs(projectId)} AND trace_id IN ${texts(traceIds)}`;
  return await analytics.query<ScoreView>(sql`SELECT * FROM ${newestOf('scores', COLUMNS_READ, sql`${projectIs(projectId)} AND id IN (${ids})`)}
    WHERE trace_id IN ${texts(traceIds)} ORDER BY timestamp DESC, id DESC LIMIT 200 BY trace_id`);
}

/** Scores of the runs themselves that were given since an instant, newest first, at most `limit` a run. */
export async function scoresOfRuns(
  analytics: Analytics,
  asked: { projectId: string; runIds: readonly string[]; since: Date; limit: number },
): Promise<ScoreView[]> {
  if (asked.runIds.length === 0) return [];
  const range = { from: asked.since, to: new Date(Date.now() + 2 * 86_400_000) };
  const rows = liveIn('scores', COLUMNS_READ, range, [projectIs(asked.projectId)]);
  return await analytics.query<ScoreView>(sql`SELECT * FROM ${rows} WHERE dataset_run_id IN ${texts(asked.runIds)}
    ORDER BY timestamp DESC, id DESC LIMIT ${uint32(asked.limit)} BY dataset_run_id ${FINAL_SETTINGS}`);
}
