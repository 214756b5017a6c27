// LLM connections in the records: sealed at rest, shown without their secrets, opened only for the call that needs them.
import { randomUUID } from 'node:crypto';
import type { Sealer } from '#lib/sealed.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Adapter, ConnectionBody } from './schema.ts';

export interface ConnectionRow {
  id: string;
  project_id: string;
  provider: string;
  adapter: Adapter;
  sealed_secret: string;
  display_secret_key: string;
  base_url: string | null;
  custom_models: string[];
  with_default_models: boolean;
  extra_header_keys: string[];
  config: Record<string, unknown> | null;
  created_at: Date;
  updated_at: Date;
}

/** A connection with its secrets, for one call. */
export interface OpenConnection {
  id: string;
  provider: string;
  adapter: Adapter;
  baseUrl: string | null;
  secretKey: string;
  extraHeaders: Readonly<Record<string, string>>;
}

const COLUMNS = sql`id, project_id, provider, adapter, sealed_secret, display_secret_key, base_url, custom_models, with_default_models, extra_header_keys, config, created_at, updated_at`;

/** How a key is shown: its last four characters, when it is long enough to hide the rest. */
export function displayOf(secretKey: string): string {
  return secretKey.length >= 12 ? `...${secretKey.slice(-4)}` : '...';
}

/** Writes the connection of a name; a known name keeps its id. */
export async function putConnection(session: RecordsSession, sealer: Sealer, projectId: string, body: ConnectionBody): Promise<ConnectionRow> {
  const headers = body.extraHeaders ?? {};
  const sealed = sealer.seal(JSON.stringify({ secretKey: body.secretKey, extraHeaders: headers }), purpose(projectId, body.provider));
  const [row] = await session.query<ConnectionRow>(sql`
    INSERT INTO llm_connections (id, project_id, provider, adapter, sealed_secret, display_secret_key, base_url, custom_models, with_default_models, extra_header_keys, config)
    VALUES (${randomUUID()}, ${projectId}, ${body.provider}, ${body.adapter}, ${sealed}, ${displayOf(body.secretKey)}, ${body.baseURL || null},
      ${body.customModels ?? []}::text[], ${body.withDefaultModels ?? true}, ${Object.keys(headers)}::text[], ${body.config ? JSON.stringify(body.config) : null}::jsonb)
    ON CONFLICT (project_id, provider) DO UPDATE SET adapter = excluded.adapter, sealed_secret = excluded.sealed_secret, display_secret_key = excluded.display_secret_key,
      base_url = excluded.base_url, custom_models = excluded.custom_models, with_default_models = excluded.with_default_models,
      extra_header_keys = excluded.extra_header_keys, config = excluded.config, updated_at = now()
    RETURNING ${COLUMNS}`);
  return row as ConnectionRow;
}

export async function listConnections(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: ConnectionRow[]; total: number }> {
  const rows = await session.query<ConnectionRow>(sql`
    SELECT ${COLUMNS} FROM llm_connections WHERE project_id = ${projectId} ORDER BY created_at, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM llm_connections WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

/** The connection of a name, null when there is none. */
export async function connectionOf(session: RecordsSession, projectId: string, provider: string): Promise<ConnectionRow | null> {
  const rows = await session.query<ConnectionRow>(sql`SELECT ${COLUMNS} FROM llm_connections WHERE project_id = ${projectId} AND provider = ${provider}`);
  return rows[0] ?? null;
}

export async function connectionById(session: RecordsSession, projectId: string, id: string): Promise<ConnectionRow | null> {
  const rows = await session.query<ConnectionRow>(sql`SELECT ${COLUMNS} FROM llm_connections WHERE project_id = ${projectId} AND id = ${id}`);
  return rows[0] ?? null;
}

export async function deleteConnection(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM llm_connections WHERE project_id = ${projectId} AND id = ${id} RETURNING id`)).length > 0;
}

/** @throws AppError 500 when another instance secret sealed it. */
export function openConnection(sealer: Sealer, row: ConnectionRow): OpenConnection {
  const opened = JSON.parse(sealer.open(row.sealed_secret, purpose(row.project_id, row.provider))) as Pick<OpenConnection, 'secretKey' | 'extraHeaders'>;
  return { id: row.id, provider: row.provider, adapter: row.adapter, baseUrl: row.base_url, ...opened };
}

const purpose = (projectId: string, provider: string): string => `llm-connection:${projectId}:${provider}`;

/** A row as the API shows it (schema LlmConnection): never a secret. */
export function connectionView(row: ConnectionRow): Record<string, unknown> {
  return {
    id: row.id,
    provider: row.provider,
    adapter: row.adapter,
    displaySecretKey: row.display_secret_key,
    baseURL: row.base_url,
    customModels: row.custom_models,
    withDefaultModels: row.with_default_models,
    extraHeaderKeys: row.extra_header_keys,
    config: row.config,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
