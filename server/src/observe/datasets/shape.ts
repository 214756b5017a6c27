// Stored datasets, items and runs -> the public API's objects (langfuse.md §1.12).
import type { ResolvedReference } from '#observe/media/references.ts';
import type { RunItemRow, RunRow } from './run-sql.ts';
import type { DatasetRow, ItemRow } from './sql.ts';

export interface Dataset {
  id: string;
  projectId: string;
  name: string;
  description: string | null;
  metadata: unknown;
  inputSchema: unknown;
  expectedOutputSchema: unknown;
  createdAt: string;
  updatedAt: string;
}

export function datasetOf(row: DatasetRow): Dataset {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    metadata: row.metadata,
    inputSchema: row.input_schema,
    expectedOutputSchema: row.expected_output_schema,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export interface DatasetItem {
  id: string;
  status: 'ACTIVE' | 'ARCHIVED';
  input: unknown;
  expectedOutput: unknown;
  metadata: unknown;
  sourceTraceId: string | null;
  sourceObservationId: string | null;
  datasetId: string;
  datasetName: string;
  createdAt: string;
  updatedAt: string;
  mediaReferences: ResolvedReference[];
}

/** The version's own beginning is the item's last change. Media are resolved by who answers. */
export function itemOf(row: ItemRow): DatasetItem {
  return {
    id: row.id,
    status: row.status,
    input: row.input,
    expectedOutput: row.expected_output,
    metadata: row.metadata,
    sourceTraceId: row.source_trace_id,
    sourceObservationId: row.source_observation_id,
    datasetId: row.dataset_id,
    datasetName: row.dataset_name,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.valid_from.toISOString(),
    mediaReferences: [],
  };
}

export interface DatasetRun {
  id: string;
  name: string;
  description: string | null;
  metadata: unknown;
  datasetId: string;
  datasetName: string;
  createdAt: string;
  updatedAt: string;
}

export function runOf(row: RunRow): DatasetRun {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    metadata: row.metadata ?? {},
    datasetId: row.dataset_id,
    datasetName: row.dataset_name,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export interface DatasetRunItem {
  id: string;
  datasetRunId: string;
  datasetRunName: string;
  datasetItemId: string;
  traceId: string;
  observationId: string | null;
  createdAt: string;
  updatedAt: string;
}

export function runItemOf(row: RunItemRow): DatasetRunItem {
  return {
    id: row.id,
    datasetRunId: row.dataset_run_id,
    datasetRunName: row.dataset_run_name,
    datasetItemId: row.dataset_item_id,
    traceId: row.trace_id,
    observationId: row.observation_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
