// For tests: a LiteLLM database to take over. The tables of an old version by hand (any later one may be brought by its own migrations), Langfuse's beside them,
// and rows that say something in every table.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { sealSecret } from './secrets.ts';

const ROWS = readFileSync(join(import.meta.dirname, '../fixtures/litellm-rows.json'), 'utf8');

export const SALT = 'sk-salt-1';
export const KEYS = { plain: 'sk-plain-0123456789', team: 'sk-team-0123456789', old: 'sk-regenerated-old-1', poor: 'sk-poor-0123456789' } as const;
export const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');

export interface Source {
  url: string;
  client: pg.Client;
  /** A fingerprint of every table and of how often each was written. */
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}

/** A new, empty database on the server of a socket folder. */
export async function createSource(socketFolder: string, name: string): Promise<Source> {
  const address = (database: string): string => `postgresql://genai@localhost/${database}?host=${encodeURIComponent(socketFolder)}`;
  const admin = new pg.Client({ connectionString: address('postgres') });
  await admin.connect();
  await admin.query(`CREATE DATABASE "${name}"`);
  await admin.end();
  const client = new pg.Client({ connectionString: address(name) });
  await client.connect();
  return { url: address(name), client, fingerprint: () => fingerprintOf(client), close: () => client.end() };
}

async function fingerprintOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query(`SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`);
  const parts: string[] = [];
  for (const { name } of rows) {
    const { rows: found } = await client.query(
      `SELECT count(*) AS n, md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum, max(xmin::text::bigint) AS writer FROM ${name} t`,
    );
    parts.push(`${name} ${JSON.stringify(found[0])}`);
  }
  return parts.join('\n');
}

const WRITTEN = 'created_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP, created_by TEXT, updated_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP, updated_by TEXT';
const LIMITS = 'max_budget FLOAT8, max_parallel_requests INT4, tpm_limit BIGINT, rpm_limit BIGINT, budget_duration TEXT, budget_reset_at TIMESTAMP(3)';
const SPENT = "spend FLOAT8 NOT NULL DEFAULT 0, model_spend JSONB NOT NULL DEFAULT '{}', model_max_budget JSONB NOT NULL DEFAULT '{}'";

/** The tables that matter, with the columns of the version of the seed, in few words. */
const OLD_TABLES = `
  CREATE TABLE "LiteLLM_BudgetTable" (budget_id TEXT PRIMARY KEY, soft_budget FLOAT8, model_max_budget JSONB, ${LIMITS}, ${WRITTEN});
  CREATE TABLE "LiteLLM_CredentialsTable" (credential_id TEXT PRIMARY KEY, credential_name TEXT UNIQUE, credential_values JSONB, credential_info JSONB, ${WRITTEN});
  CREATE TABLE "LiteLLM_ProxyModelTable" (model_id TEXT PRIMARY KEY, model_name TEXT, litellm_params JSONB, model_info JSONB, ${WRITTEN});
  CREATE TABLE "LiteLLM_OrganizationTable" (organization_id TEXT PRIMARY KEY, organization_alias TEXT, budget_id TEXT, metadata JSONB DEFAULT '{}', models TEXT[],
    spend FLOAT8 DEFAULT 0, model_spend JSONB DEFAULT '{}', ${WRITTEN});
  CREATE TABLE "LiteLLM_ModelTable" (id SERIAL PRIMARY KEY, aliases JSONB, ${WRITTEN});
  CREATE TABLE "LiteLLM_TeamTable" (team_id TEXT PRIMARY KEY, team_alias TEXT, organization_id TEXT, admins TEXT[], members TEXT[],
    members_with_roles JSONB DEFAULT '{}', metadata JSONB DEFAULT '{}', models TEXT[], blocked BOOL DEFAULT false, model_id INT4, ${LIMITS}, ${SPENT}, ${WRITTEN});
  CREATE TABLE "LiteLLM_UserTable" (user_id TEXT PRIMARY KEY, user_alias TEXT, team_id TEXT, sso_user_id TEXT, organization_id TEXT, password TEXT, teams TEXT[],
    user_role TEXT, user_email TEXT, models TEXT[], metadata JSONB DEFAULT '{}', allowed_cache_controls TEXT[] DEFAULT '{}', ${LIMITS}, ${SPENT}, ${WRITTEN});
  CREATE TABLE "LiteLLM_VerificationToken" (token TEXT PRIMARY KEY, key_name TEXT, key_alias TEXT, soft_budget_cooldown BOOL DEFAULT false, expires TIMESTAMP(3),
    models TEXT[], aliases JSONB DEFAULT '{}', config JSONB DEFAULT '{}', user_id TEXT, team_id TEXT, permissions JSONB DEFAULT '{}', metadata JSONB DEFAULT '{}',
    blocked BOOL, allowed_cache_controls TEXT[] DEFAULT '{}', budget_id TEXT, organization_id TEXT, ${LIMITS}, ${SPENT}, ${WRITTEN});
  CREATE TABLE "LiteLLM_EndUserTable" (user_id TEXT PRIMARY KEY, alias TEXT, spend FLOAT8 DEFAULT 0, allowed_model_region TEXT, default_model TEXT, budget_id TEXT,
    blocked BOOL DEFAULT false);
  CREATE TABLE "LiteLLM_TeamMembership" (user_id TEXT, team_id TEXT, spend FLOAT8 DEFAULT 0, budget_id TEXT, PRIMARY KEY (user_id, team_id));
  CREATE TABLE "LiteLLM_OrganizationMembership" (user_id TEXT, organization_id TEXT, user_role TEXT, spend FLOAT8 DEFAULT 0, budget_id TEXT, ${WRITTEN},
    PRIMARY KEY (user_id, organization_id));
  CREATE TABLE "LiteLLM_Config" (param_name TEXT PRIMARY KEY, param_value JSONB);
  CREATE TABLE "LiteLLM_SpendLogs" (request_id TEXT PRIMARY KEY, call_type TEXT, api_key TEXT DEFAULT '', spend FLOAT8 DEFAULT 0, total_tokens INT4 DEFAULT 0,
    prompt_tokens INT4 DEFAULT 0, completion_tokens INT4 DEFAULT 0, "startTime" TIMESTAMP(3), "endTime" TIMESTAMP(3), "completionStartTime" TIMESTAMP(3),
    model TEXT DEFAULT '', model_id TEXT DEFAULT '', model_group TEXT DEFAULT '', custom_llm_provider TEXT DEFAULT '', api_base TEXT DEFAULT '',
    "user" TEXT DEFAULT '', metadata JSONB DEFAULT '{}', cache_hit TEXT DEFAULT '', request_tags JSONB DEFAULT '[]', team_id TEXT, end_user TEXT, messages JSONB,
    response JSONB);`;

/** Langfuse's, in the same schema, with the names that ours have, too. */
const LANGFUSE_TABLES = `
  CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT); INSERT INTO projects VALUES ('lf', 'of Langfuse');
  CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT); INSERT INTO users VALUES ('u', 'someone@example.com');
  CREATE TABLE api_keys (id TEXT PRIMARY KEY, public_key TEXT); CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY);`;

export async function createOldTables({ client }: Source): Promise<void> {
  await client.query(OLD_TABLES + LANGFUSE_TABLES);
}

export const BY = { created_at: '2026-01-02T03:04:05.678', created_by: 'admin', updated_at: '2026-02-03T04:05:06.789', updated_by: 'admin' };

/** Rows of every table (fixtures/litellm-rows.json); columns that this version does not have are left out. */
export async function fillSource({ client }: Source, upstreamUrl: string): Promise<void> {
  const later = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 23);
  for (const [table, row] of JSON.parse(ROWS) as [string, Record<string, unknown>][]) {
    const { '@by': by, ...fields } = row;
    await insertRow(client, table, filled({ ...fields, ...(by === true ? BY : {}) }, { later, upstreamUrl }) as Record<string, unknown>);
  }
}

/** Marks become what they stand for: a secret in LiteLLM's form, the hash of a key, an instant that is not yet, the provider's address. */
function filled(value: unknown, of: { later: string; upstreamUrl: string }): unknown {
  if (Array.isArray(value)) return value.map((entry) => filled(entry, of));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, cell]) => [name, filled(cell, of)]));
  if (typeof value !== 'string' || !value.startsWith('@')) return value;
  const [mark = '', ...rest] = value.slice(1).split(':');
  const text = rest.join(':') === '@upstream' ? of.upstreamUrl : rest.join(':');
  const known: Record<string, () => string> = {
    later: () => of.later,
    upstream: () => of.upstreamUrl,
    hash: () => hashOf(text),
    sealed: () => sealSecret(text, SALT),
    lost: () => sealSecret(text, 'sk-lost'),
  };
  return known[mark]?.() ?? value;
}

async function insertRow(client: pg.Client, table: string, row: Record<string, unknown>): Promise<void> {
  const { rows } = await client.query('SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = $1', [
    `LiteLLM_${table}`,
  ]);
  const given = rows.filter(({ name }) => row[name] !== undefined);
  if (given.length === 0) return;
  const values = given.map(({ name, type }) => (type === 'jsonb' ? JSON.stringify(row[name]) : row[name]));
  const names = given.map(({ name }) => `"${name}"`).join(', ');
  await client.query(`INSERT INTO "LiteLLM_${table}" (${names}) VALUES (${given.map((_, index) => `$${index + 1}`).join(', ')})`, values);
}
