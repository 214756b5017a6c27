// An export as it is shown: never with its secret.
import type { IntegrationRow } from './integrations-sql.ts';
import { EXPORT_SOURCE } from './schema.ts';

export function integrationView(row: IntegrationRow): Record<string, unknown> {
  return {
    id: row.id,
    projectId: row.project_id,
    type: row.type,
    bucketName: row.bucket_name,
    endpoint: row.endpoint,
    region: row.region,
    accessKeyId: row.access_key_id,
    prefix: row.prefix,
    exportFrequency: row.export_frequency,
    enabled: row.enabled,
    forcePathStyle: row.force_path_style,
    fileType: row.file_type,
    exportMode: row.export_mode,
    exportStartDate: row.export_start_date?.toISOString() ?? null,
    compressed: row.compressed,
    exportSource: EXPORT_SOURCE,
    exportFieldGroups: row.export_field_groups,
    ...progress(row),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function statusView(row: IntegrationRow): Record<string, unknown> {
  return { id: row.id, projectId: row.project_id, syncStatus: syncStatus(row, Date.now()), enabled: row.enabled, ...progress(row) };
}

function progress(row: IntegrationRow): Record<string, unknown> {
  return {
    nextSyncAt: row.next_sync_at?.toISOString() ?? null,
    lastSyncAt: row.last_sync_at?.toISOString() ?? null,
    lastError: row.last_error,
    lastErrorAt: row.last_error_at?.toISOString() ?? null,
  };
}

export type SyncStatus = 'idle' | 'running' | 'queued' | 'up_to_date' | 'disabled' | 'error';

export function syncStatus(row: IntegrationRow, nowMs: number): SyncStatus {
  if (!row.enabled) return 'disabled';
  if (row.last_error !== null) return 'error';
  if (row.locked_until !== null && row.locked_until.getTime() > nowMs) return 'running';
  if (row.next_sync_at !== null && row.next_sync_at.getTime() <= nowMs) return 'queued';
  return row.last_sync_at === null ? 'idle' : 'up_to_date';
}
