// Stored scores -> the public API's ScoreV1 and ScoreV2 (langfuse.md §1.6).
import { isoMs, parsedMetadata } from '#observe/filter/values.ts';
import type { ScoreView } from './sql.ts';

interface ScoreBase {
  id: string;
  projectId: string;
  name: string;
  source: string;
  authorUserId: string | null;
  comment: string | null;
  metadata: unknown;
  configId: string | null;
  queueId: string | null;
  environment: string;
  createdAt: string;
  updatedAt: string;
  timestamp: string;
  observationId: string | null;
  dataType: string;
  value?: number;
  stringValue?: string;
}

export interface ScoreV1 extends ScoreBase {
  traceId: string;
}

export interface ScoreV2 extends ScoreBase {
  traceId: string | null;
  sessionId: string | null;
  datasetRunId: string | null;
}

function orNull(stored: string): string | null {
  return stored === '' ? null : stored;
}

/** The members that depend on the data type. */
function typedValue(row: ScoreView): { value?: number; stringValue?: string } {
  switch (row.data_type) {
    case 'BOOLEAN':
      return { value: row.value ?? 0, stringValue: row.string_value ?? (row.value === 1 ? 'True' : 'False') };
    case 'CATEGORICAL':
      return { value: row.value ?? 0, stringValue: row.string_value ?? '' };
    case 'CORRECTION':
      return { value: 0, stringValue: row.string_value ?? '' };
    case 'TEXT':
      return { stringValue: row.string_value ?? '' };
    default:
      return { value: row.value ?? 0 };
  }
}

function baseOf(row: ScoreView): ScoreBase {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    source: row.source,
    authorUserId: row.author_user_id,
    comment: row.comment,
    metadata: parsedMetadata(row.metadata),
    configId: row.config_id,
    queueId: row.queue_id,
    environment: row.environment,
    createdAt: isoMs(row.created_at),
    updatedAt: isoMs(row.updated_at),
    timestamp: isoMs(row.timestamp),
    observationId: orNull(row.observation_id),
    dataType: row.data_type,
    ...typedValue(row),
  };
}

export function scoreV1Of(row: ScoreView): ScoreV1 {
  return { ...baseOf(row), traceId: row.trace_id };
}

export function scoreV2Of(row: ScoreView): ScoreV2 {
  return { ...baseOf(row), traceId: orNull(row.trace_id), sessionId: orNull(row.session_id), datasetRunId: orNull(row.dataset_run_id) };
}
