// The ledger's statements: one that applies a group of rows, spend and the position together, and the reads that start it.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { LedgerRow } from './ledger-row.ts';

const POSITION_NAME = 'ledger';

/**
 * Applies a group in one statement, so all of it or nothing: rows that are not there yet, the spend of their keys and teams for exactly those
 * rows, and the position. Applying the same group again changes nothing.
 * @returns how many rows were new.
 */
export async function applyGroup(records: Records, rows: readonly LedgerRow[], position: bigint): Promise<number> {
  const [result] = await records.query<{ inserted: string }>(sql`
    WITH incoming AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS row (
        call_id text, attempt integer, final boolean, organization_id text, cost_centre text, team_id text, team_alias text, key_id text, key_alias text,
        key_user_id text, project_id text, trace_id text, span_id text, endpoint text, stream boolean, model text, end_user text, session_id text,
        trace_name text, environment text, tags text[], call_started_at timestamptz, call_ended_at timestamptz, first_token_at timestamptz,
        call_outcome text, call_http_status integer, deployment_id text, provider text, upstream_model text, api_base text, started_at timestamptz,
        ended_at timestamptz, outcome text, http_status integer, error_class text, error_message text, input_tokens bigint, output_tokens bigint,
        total_tokens bigint, cached_input_tokens bigint, cache_creation_input_tokens bigint, reasoning_output_tokens bigint, audio_input_tokens bigint,
        audio_output_tokens bigint, usage_estimated boolean, cost numeric(38, 12), currency text, price_id text)
    ), inserted AS (
      INSERT INTO ledger (
        call_id, attempt, final, organization_id, cost_centre, team_id, team_alias, key_id, key_alias, key_user_id, project_id, trace_id, span_id,
        endpoint, stream, model, end_user, session_id, trace_name, environment, tags, call_started_at, call_ended_at, first_token_at, call_outcome,
        call_http_status, deployment_id, provider, upstream_model, api_base, started_at, ended_at, outcome, http_status, error_class, error_message,
        input_tokens, output_tokens, total_tokens, cached_input_tokens, cache_creation_input_tokens, reasoning_output_tokens, audio_input_tokens,
        audio_output_tokens, usage_estimated, cost, currency, price_id)
      SELECT
        call_id, attempt, final, organization_id, cost_centre, team_id, team_alias, key_id, key_alias, key_user_id, project_id, trace_id, span_id,
        endpoint, stream, model, end_user, session_id, trace_name, environment, tags, call_started_at, call_ended_at, first_token_at, call_outcome,
        call_http_status, deployment_id, provider, upstream_model, api_base, started_at, ended_at, outcome, http_status, error_class, error_message,
        input_tokens, output_tokens, total_tokens, cached_input_tokens, cache_creation_input_tokens, reasoning_output_tokens, audio_input_tokens,
        audio_output_tokens, usage_estimated, cost, currency, price_id
      FROM incoming
      ON CONFLICT DO NOTHING
      RETURNING key_id, team_id, cost
    ), key_spend AS (
      UPDATE virtual_keys SET spend = virtual_keys.spend + added.cost
      FROM (SELECT key_id, sum(cost) AS cost FROM inserted WHERE cost > 0 GROUP BY key_id) AS added
      WHERE virtual_keys.id = added.key_id
    ), team_spend AS (
      UPDATE teams SET spend = teams.spend + added.cost
      FROM (SELECT team_id, sum(cost) AS cost FROM inserted WHERE cost > 0 AND team_id IS NOT NULL GROUP BY team_id) AS added
      WHERE teams.id = added.team_id
    ), position AS (
      INSERT INTO consumer_positions AS stored (name, sequence) VALUES (${POSITION_NAME}, ${position.toString()})
      ON CONFLICT (name) DO UPDATE SET sequence = GREATEST(stored.sequence, excluded.sequence), updated_at = now()
    )
    SELECT count(*) AS inserted FROM inserted`);
  return Number(result?.inserted ?? 0);
}

/** The journal sequence up to which everything is applied; 0 when nothing was. */
export async function storedPosition(records: Records): Promise<bigint> {
  const [row] = await records.query<{ sequence: string }>(sql`SELECT sequence FROM consumer_positions WHERE name = ${POSITION_NAME}`);
  return BigInt(row?.sequence ?? 0);
}

/** Spend of every key that has any, as decimal text: what the budgets start from. */
export async function spendOfKeys(records: Records): Promise<{ id: string; spend: string }[]> {
  return await records.query<{ id: string; spend: string }>(sql`SELECT id, spend FROM virtual_keys WHERE spend <> 0`);
}

/** Everything the gateway ever spent, as decimal text: what the global budget starts from. */
export async function spendOfAll(records: Records): Promise<string> {
  const [row] = await records.query<{ spend: string }>(sql`SELECT COALESCE(sum(cost), 0) AS spend FROM ledger`);
  return row?.spend ?? '0';
}
