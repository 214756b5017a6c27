// Where an export goes: what a bucket of somebody's must do, and how its objects are named.

import type { IntegrationRow } from './integrations-sql.ts';
import type { ExportTable, FileType } from './schema.ts';

/** The bucket with its prefix (stores/blobs/s3-bucket.ts). */
export interface ExportTarget {
  /** Writes a small object below the prefix. @throws AppError that says why the place cannot be used. */
  check(): Promise<void>;
  putFile(name: string, path: string, options: { contentType: string; signal: AbortSignal }): Promise<void>;
  close(): void;
}

/** The place and the access key of an integration. */
export type ExportPlace = Pick<IntegrationRow, 'bucket_name' | 'endpoint' | 'region' | 'access_key_id' | 'prefix' | 'force_path_style'>;

/** @throws AppError 400 when the address may not be reached. */
export type OpenTarget = (place: ExportPlace, secretAccessKey: string) => Promise<ExportTarget>;

const CONTENT_TYPES: Readonly<Record<FileType, string>> = {
  JSON: 'application/json',
  JSONL: 'application/x-ndjson',
  CSV: 'text/csv',
  PARQUET: 'application/vnd.apache.parquet',
};

/** Parquet packs itself. */
export function isPacked({ file_type: type, compressed }: Pick<IntegrationRow, 'file_type' | 'compressed'>): boolean {
  return compressed && type !== 'PARQUET';
}

export function contentTypeOf(row: Pick<IntegrationRow, 'file_type' | 'compressed'>): string {
  return isPacked(row) ? 'application/gzip' : CONTENT_TYPES[row.file_type];
}

/** `{project}/{table}/{end of the window}.{ending}` below the integration's prefix, as Langfuse names them. */
export function nameOf(row: Pick<IntegrationRow, 'project_id' | 'file_type' | 'compressed'>, table: ExportTable, toMs: number): string {
  const end = new Date(toMs).toISOString().slice(0, 19).replaceAll(':', '-');
  return `${row.project_id}/${table}/${end}.${row.file_type.toLowerCase()}${isPacked(row) ? '.gz' : ''}`;
}
