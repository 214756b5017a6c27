// Rows of batches and of their files as the gateway speaks of them.
import type { Fields } from '#lib/json.ts';
import { parsePicos } from '#lib/money.ts';
import { sql } from '#stores/records/sql.ts';
import type { Batch, BatchCall, BatchFile, CountedLines } from './port.ts';

export const FILE_COLUMNS = sql`id, owner, deployment_id, upstream_id, model, purpose, filename, size_bytes, counted, created_at, expires_at`;

export interface FileRow {
  id: string;
  owner: string;
  deployment_id: string;
  upstream_id: string;
  model: string;
  purpose: 'batch' | 'batch_output';
  filename: string;
  size_bytes: string;
  counted: CountedLines | null;
  created_at: Date;
  expires_at: Date | null;
}

export function fileOf(row: FileRow): BatchFile {
  return {
    id: row.id,
    owner: row.owner,
    deploymentId: row.deployment_id,
    upstreamId: row.upstream_id,
    model: row.model,
    purpose: row.purpose,
    filename: row.filename,
    sizeBytes: Number(row.size_bytes),
    counted: row.counted,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at?.getTime() ?? null,
  };
}

export const BATCH_COLUMNS = sql`id, owner, deployment_id, upstream_id, model, input_file_id, output_file_id, error_file_id, call, reserved, accounts, told, status, created_at,
  settled_at, failures`;

export interface BatchRow {
  id: string;
  owner: string;
  deployment_id: string;
  upstream_id: string | null;
  model: string;
  input_file_id: string;
  output_file_id: string | null;
  error_file_id: string | null;
  call: BatchCall;
  reserved: string | null;
  accounts: string[];
  told: Fields;
  status: string;
  created_at: Date;
  settled_at: Date | null;
  failures: number;
}

export function batchOf(row: BatchRow): Batch {
  return {
    id: row.id,
    owner: row.owner,
    deploymentId: row.deployment_id,
    upstreamId: row.upstream_id,
    model: row.model,
    inputFileId: row.input_file_id,
    outputFileId: row.output_file_id,
    errorFileId: row.error_file_id,
    call: row.call,
    reservedPicos: row.reserved === null ? null : parsePicos(row.reserved),
    accounts: row.accounts,
    told: row.told,
    status: row.status,
    createdAtMs: row.created_at.getTime(),
    settled: row.settled_at !== null,
    failures: row.failures,
  };
}
