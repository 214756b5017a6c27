// Stored traces -> the public API's Trace (langfuse.md §1.4).

import { isoMs, parsedContent, parsedMetadata } from '#observe/filter/values.ts';
import type { ObservationV1 } from '#observe/observations/shape.ts';
import type { ScoreV1 } from '#observe/scores/shape.ts';
import type { TraceMetrics } from './metrics-sql.ts';
import type { TraceView } from './sql.ts';

export interface Trace {
  id: string;
  externalId: null;
  timestamp: string;
  name: string | null;
  userId: string | null;
  metadata: unknown;
  release: string | null;
  version: string | null;
  projectId: string;
  environment: string;
  public: boolean;
  bookmarked: boolean;
  tags: string[];
  input: unknown;
  output: unknown;
  sessionId: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface TraceListItem extends Trace {
  observations: string[];
  scores: string[];
  totalCost: number;
  /** Seconds. */
  latency: number;
  htmlPath: string;
}

export interface TraceDetail extends Trace {
  observations: ObservationV1[];
  scores: ScoreV1[];
  totalCost: number;
  latency: number;
  htmlPath: string;
}

/** Field groups of the list; core is always there. */
export type TraceFieldGroup = 'core' | 'io' | 'scores' | 'observations' | 'metrics';
export const TRACE_FIELD_GROUPS: readonly TraceFieldGroup[] = ['core', 'io', 'scores', 'observations', 'metrics'];

/** The strict Trace object. Without `io` its input, output and metadata are null. */
export function traceOf(projectId: string, row: Omit<TraceView, 'input' | 'output'> & Partial<TraceView>, io: boolean): Trace {
  return {
    id: row.id,
    externalId: null,
    timestamp: isoMs(row.timestamp),
    name: row.name,
    userId: row.user_id,
    metadata: io ? parsedMetadata(row.metadata) : null,
    release: row.release,
    version: row.version,
    projectId,
    environment: row.environment,
    public: row.public === 1,
    bookmarked: row.bookmarked === 1,
    tags: [...row.tags].sort(),
    input: io ? parsedContent(row.input ?? null) : null,
    output: io ? parsedContent(row.output ?? null) : null,
    sessionId: row.session_id,
    createdAt: isoMs(row.created_at),
    updatedAt: isoMs(row.updated_at),
  };
}

/** Path of the trace in the console. */
export function htmlPath(projectId: string, traceId: string): string {
  return `/project/${encodeURIComponent(projectId)}/traces/${encodeURIComponent(traceId)}`;
}

/** A list item; groups that were not asked for are [] and -1. */
export function listItemOf(
  projectId: string,
  row: TraceView,
  linked: { metrics: TraceMetrics | undefined; scoreIds: string[] },
  groups: ReadonlySet<TraceFieldGroup>,
): TraceListItem {
  const { metrics, scoreIds } = linked;
  return {
    ...traceOf(projectId, row, groups.has('io')),
    observations: groups.has('observations') ? (metrics?.ids ?? []) : [],
    scores: groups.has('scores') ? scoreIds : [],
    totalCost: groups.has('metrics') ? Number(metrics?.total_cost ?? 0) : -1,
    latency: groups.has('metrics') ? (metrics?.latency ?? 0) : -1,
    htmlPath: htmlPath(projectId, row.id),
  };
}
