// LiteLLM's calls of the past as rows of the ledger, so that reports and budget windows know them; never their contents.
import { parsePicos } from '#lib/money.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { dollars, instant, object, type Row, text, texts, whole } from './fields.ts';
import type { ImportCounts, ImportRun } from './import-report.ts';

/** A row a call, once: the call's id is LiteLLM's. */
export async function importSpendLogs(run: ImportRun): Promise<ImportCounts[]> {
  const { database, deps, input } = run;
  if (input.spendFrom === null) return [];
  const counts: ImportCounts = { kind: 'call', table: 'SpendLogs', read: 0, new: 0, changed: 0, unchanged: 0, refused: 0 };
  // Without a zone, as the column is.
  const since = { text: '"startTime" >= $1::timestamp', values: [input.spendFrom.toISOString().slice(0, 23)] };
  const total = await database.count('SpendLogs', since);
  for await (const rows of database.batches('SpendLogs', ['startTime', 'request_id'], since)) {
    const calls = rows.map((row) => callOf(row, run)).filter((call) => call !== null);
    counts.read += rows.length;
    counts.refused += rows.length - calls.length;
    const fresh = await newCalls(deps.records, calls);
    counts.new += fresh.length;
    counts.unchanged += calls.length - fresh.length;
    if (input.apply && fresh.length > 0) await writeCalls(deps.records, fresh, deps.home.projectId);
    run.progress({ kind: 'call', done: counts.read, total });
  }
  return [counts];
}

type Call = NonNullable<ReturnType<typeof callOf>>;

function callOf(row: Row, { context }: ImportRun) {
  const id = text(row, 'request_id');
  const startedAt = instant(row, 'startTime');
  if (id === null || startedAt === null) {
    context.findings.add({ level: 'refused', kind: 'call', code: 'bad-id' }, String(id));
    return null;
  }
  const metadata = object(row, 'metadata');
  const cost = dollars(row, 'spend');
  return {
    call_id: id,
    organization_id: organizationOf(row, context.organizations) ?? context.home.organizationId,
    team_id: text(row, 'team_id'),
    team_alias: text(metadata, 'user_api_key_team_alias'),
    key_id: text(row, 'api_key') ?? '',
    key_alias: text(metadata, 'user_api_key_alias'),
    key_user_id: text(row, 'user'),
    endpoint: text(row, 'call_type'),
    model: text(row, 'model_group') ?? text(row, 'model') ?? '',
    end_user: text(row, 'end_user'),
    session_id: text(row, 'session_id'),
    tags: texts(row, 'request_tags'),
    started_at: startedAt,
    ended_at: instant(row, 'endTime'),
    first_token_at: instant(row, 'completionStartTime'),
    outcome: (text(row, 'status') ?? text(metadata, 'status')) === 'failure' ? 'failure' : 'success',
    deployment_id: text(row, 'model_id') ?? '',
    provider: text(row, 'custom_llm_provider') ?? '',
    upstream_model: text(row, 'model') ?? '',
    api_base: text(row, 'api_base'),
    input_tokens: whole(row, 'prompt_tokens'),
    output_tokens: whole(row, 'completion_tokens'),
    total_tokens: whole(row, 'total_tokens'),
    cost: cost !== null && parsePicos(cost) >= 0n ? cost : null,
  };
}

function organizationOf(row: Row, known: ReadonlySet<string>): string | null {
  const organization = text(row, 'organization_id');
  return organization !== null && known.has(organization) ? organization : null;
}

async function newCalls(session: RecordsSession, calls: readonly Call[]): Promise<Call[]> {
  const ids = calls.map(({ call_id: id }) => id);
  const rows = await session.query<{ call_id: string }>(sql`SELECT DISTINCT call_id FROM ledger WHERE call_id = ANY(${ids}::text[])`);
  const here = new Set(rows.map(({ call_id: id }) => id));
  return calls.filter(({ call_id: id }) => !here.has(id));
}

async function writeCalls(session: RecordsSession, calls: readonly Call[], projectId: string): Promise<void> {
  await session.query(sql`
    INSERT INTO ledger (call_id, attempt, organization_id, team_id, team_alias, key_id, key_alias, key_user_id, project_id, endpoint, model, end_user, session_id,
      tags, call_started_at, call_ended_at, first_token_at, call_outcome, deployment_id, provider, upstream_model, api_base, started_at, ended_at, outcome,
      input_tokens, output_tokens, total_tokens, cost, currency)
    SELECT call_id, 0, organization_id, team_id, team_alias, key_id, key_alias, key_user_id, ${projectId}, endpoint,
      model, end_user, session_id, tags, started_at, ended_at, first_token_at, outcome, deployment_id, provider, upstream_model, api_base, started_at, ended_at,
      outcome, input_tokens, output_tokens, total_tokens, cost, 'USD'
    FROM jsonb_to_recordset(${JSON.stringify(calls)}::jsonb) AS r(call_id text, organization_id text, team_id text, team_alias text, key_id text, key_alias text,
      key_user_id text, endpoint text, model text, end_user text, session_id text, tags text[], started_at timestamptz, ended_at timestamptz,
      first_token_at timestamptz, outcome text, deployment_id text, provider text, upstream_model text, api_base text, input_tokens bigint,
      output_tokens bigint, total_tokens bigint, cost numeric)
    ON CONFLICT (call_id, attempt) DO NOTHING`);
}
