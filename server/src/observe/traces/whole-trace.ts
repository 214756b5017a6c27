// One trace with everything that belongs to it, in three reads, and its figures.
import { formatPicos, parsePicos } from '#lib/money.ts';
import { secondsBetween } from '#observe/filter/values.ts';
import { type ObservationView, observationsOfTrace, type VersionedObservation } from '#observe/observations/sql.ts';
import { type ScoreView, scoresOfTrace } from '#observe/scores/sql.ts';
import { liveRows } from '#observe/store/newest.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { ownTraceById, type TraceView } from './sql.ts';

export interface WholeTrace {
  trace: TraceView;
  /** Oldest first. */
  observations: ObservationView[];
  /** Oldest first, without corrections. */
  scores: ScoreView[];
  figures: TraceFigures;
}

export interface TraceFigures {
  /** Decimal; null when no counted observation has a known cost. */
  totalCost: string | null;
  totalTokens: number;
  /** Seconds from the first start to the last end; null without observations. */
  latencySeconds: number | null;
  errors: number;
  /** Ids of observations whose call is counted on another one. */
  countedElsewhere: ReadonlySet<string>;
}

/** Reads a trace; null when the project has none of that id. */
export async function readWholeTrace(analytics: Analytics, projectId: string, traceId: string): Promise<WholeTrace | null> {
  const [owns, observations, scores] = await Promise.all([
    analytics.query<TraceView & { is_deleted: 0 | 1 }>(ownTraceById(projectId, traceId)),
    readObservations(analytics, projectId, traceId),
    analytics.query<ScoreView>(scoresOfTrace(projectId, traceId)),
  ]);
  const [own] = liveRows(owns);
  const carrier = observations.find((row) => row.is_trace === 1);
  const trace = own ?? (carrier ? carriedTrace(carrier) : null);
  return trace === null ? null : { trace, observations, scores, figures: figuresOf(observations) };
}

/** Most traces come in one answer. */
const ROWS_AT_ONCE = 2_000;

/**
 * By start. A longer trace is read again, row by row: of a hundred thousand observations the engine's whole answer and its text, beside the rows,
 * took 200 MB. The engine begins a stream in this thread, so a short trace is not read by one.
 */
async function readObservations(analytics: Analytics, projectId: string, traceId: string): Promise<ObservationView[]> {
  const first = await analytics.query<VersionedObservation>(observationsOfTrace(projectId, traceId, ROWS_AT_ONCE + 1));
  if (first.length <= ROWS_AT_ONCE) return liveRows(first).sort(byStart);
  const live: ObservationView[] = [];
  for await (const row of analytics.stream<VersionedObservation>(observationsOfTrace(projectId, traceId))) if (row.is_deleted === 0) live.push(row);
  return live.sort(byStart);
}

/** Instants of one form compare as text. */
function byStart(one: ObservationView, other: ObservationView): number {
  if (one.start_time === other.start_time) return one.id < other.id ? -1 : 1;
  return one.start_time < other.start_time ? -1 : 1;
}

/** The trace that a gateway call stands for. */
function carriedTrace(row: ObservationView): TraceView {
  return {
    id: row.trace_id,
    timestamp: row.start_time,
    name: row.trace_name ?? row.name,
    user_id: row.user_id,
    session_id: row.session_id,
    environment: row.environment,
    release: row.release,
    version: row.version,
    public: 0,
    bookmarked: 0,
    tags: row.tags,
    metadata: row.metadata,
    created_at: row.created_at,
    updated_at: row.updated_at,
    input: row.input,
    output: row.output,
  };
}

/** The same figures that lists get from the store (metrics-sql.ts): a call that two reported counts once. */
export function figuresOf(observations: readonly ObservationView[]): TraceFigures {
  const countedElsewhere = new Set(observations.filter((row) => row.cost_source === 'elsewhere').map((row) => row.id));
  for (const row of observations) if (row.cost_source === 'gateway' && row.parent_observation_id !== '') countedElsewhere.add(row.parent_observation_id);
  const counted = observations.filter((row) => !countedElsewhere.has(row.id));
  const costs = counted.flatMap((row) => (row.total_cost === null ? [] : [parsePicos(row.total_cost)]));
  return {
    totalCost: costs.length === 0 ? null : formatPicos(costs.reduce((sum, cost) => sum + cost, 0n)),
    totalTokens: counted.reduce((sum, row) => sum + Number(row.usage_details.total ?? 0), 0),
    latencySeconds: latencyOf(observations),
    errors: observations.filter((row) => row.level === 'ERROR').length,
    countedElsewhere,
  };
}

/** Seconds from the first start to the last end; instants of one form compare as text. */
function latencyOf(observations: readonly ObservationView[]): number | null {
  let first: string | null = null;
  let last = '';
  for (const { start_time: start, end_time: end } of observations) {
    if (first === null || start < first) first = start;
    if ((end ?? start) > last) last = end ?? start;
  }
  return first === null ? null : secondsBetween(first, last);
}
