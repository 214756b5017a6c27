// Gives our records back into an empty database of LiteLLM, in one transaction: all of it or nothing.
import { createHash } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import { type ForeignTransaction, quoteName, schemaOf, withForeignDatabase } from '#stores/records/foreign.ts';
import { type Finding, Findings } from '#takeover/findings.ts';
import type { TakeoverDeps } from '#takeover/port.ts';
import { type Column, type LiteLlmDatabase, openLiteLlm, PREFIX } from './database.ts';
import { type CallRow, readCalls, readRecords } from './export-read.ts';
import type { Progress } from './import-report.ts';
import { sealSecret } from './secrets.ts';
import {
  budgetRows,
  type ExportContext,
  keyRows,
  membershipRows,
  missingOrganizationBudgets,
  organizationMemberRows,
  organizationRows,
  type Row,
  replacedKeyRows,
  sharedLevelRows,
  teamRows,
  userRows,
} from './to-rows.ts';

export interface ExportInput {
  readonly databaseUrl: string;
  /** LITELLM_SALT_KEY of the LiteLLM that will read it; null: models and credentials stay. */
  readonly saltKey: string | null;
  readonly apply: boolean;
  /** Calls of this period go along; null: none. */
  readonly spend: { from: Date; to: Date } | null;
}

export interface ExportReport {
  readonly applied: boolean;
  readonly target: { schema: string; tables: number };
  readonly counts: readonly { kind: string; table: string; written: number }[];
  readonly findings: readonly Finding[];
  readonly elapsedMs: number;
}

interface ExportTable {
  kind: string;
  table: string;
  rows: readonly Row[];
}

/** @throws AppError 400 when the database cannot be reached, is no LiteLLM's, or is not empty. */
export async function exportLiteLlm(deps: TakeoverDeps, input: ExportInput, progress: Progress): Promise<ExportReport> {
  const startedAt = performance.now();
  await deps.flushLedger();
  const findings = new Findings();
  return await withForeignDatabase(input.databaseUrl, { access: input.apply ? 'write' : 'read' }, async (session) => {
    const database = await openLiteLlm(session, schemaOf(input.databaseUrl));
    const records = await deps.records.transaction(readRecords);
    const context: ExportContext = { home: deps.home.organizationId, findings, records };
    const tables = [...tablesOf(context), ...(await sealedTables(deps, input, context))];
    await demandEmpty(database, tables);
    const write = async (table: ExportTable): Promise<number> => await writeRows({ session, database, findings, apply: input.apply }, table);
    const counts: { kind: string; table: string; written: number }[] = [];
    for (const [index, table] of tables.entries()) {
      counts.push({ kind: table.kind, table: table.table, written: await write(table) });
      progress({ kind: table.kind, done: index + 1, total: tables.length });
    }
    if (input.spend !== null)
      counts.push({ kind: 'call', table: 'SpendLogs', written: await writeCalls(deps, { period: input.spend, context, progress }, write) });
    if (input.apply) await restartNumbers(session, database);
    const elapsedMs = Math.round(performance.now() - startedAt);
    return { applied: input.apply, target: { schema: database.schema, tables: database.tables.size }, counts, findings: findings.list(), elapsedMs };
  });
}

/** In the order in which they point at each other. */
function tablesOf(context: ExportContext): ExportTable[] {
  const { aliases, teams } = teamRows(context);
  return [
    { kind: 'budget', table: 'BudgetTable', rows: [...budgetRows(context), ...missingOrganizationBudgets(context)] },
    { kind: 'organization', table: 'OrganizationTable', rows: organizationRows(context) },
    { kind: 'user', table: 'UserTable', rows: userRows(context) },
    { kind: 'model_alias', table: 'ModelTable', rows: aliases },
    { kind: 'team', table: 'TeamTable', rows: teams },
    { kind: 'member', table: 'TeamMembership', rows: membershipRows(context) },
    { kind: 'organization_member', table: 'OrganizationMembership', rows: organizationMemberRows(context) },
    { kind: 'key', table: 'VerificationToken', rows: keyRows(context) },
    { kind: 'replaced_key', table: 'DeprecatedVerificationToken', rows: replacedKeyRows(context) },
    { kind: 'end_user', table: 'EndUserTable', rows: sharedLevelRows(context, 'end_user', 'user_id') },
    { kind: 'tag', table: 'TagTable', rows: sharedLevelRows(context, 'tag', 'tag_name') },
  ];
}

/** Models and credentials in LiteLLM's form, so only with the salt of whoever is to read them. */
async function sealedTables(deps: TakeoverDeps, { saltKey }: ExportInput, { findings, records }: ExportContext): Promise<ExportTable[]> {
  if (saltKey === null) {
    for (const { name } of records.credentials) findings.add({ level: 'refused', kind: 'credential', code: 'no-salt' }, name);
    for (const { id } of records.models) findings.add({ level: 'refused', kind: 'model', code: 'no-salt' }, id);
    return [];
  }
  const seal = (values: Readonly<Record<string, unknown>>): Row =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? sealSecret(value, saltKey) : value]));
  const by = <Of extends { created_at: Date; created_by: string | null; updated_at: Date; updated_by: string | null }>(row: Of | undefined): Row => ({
    created_at: row?.created_at.toISOString(),
    created_by: row?.created_by ?? 'genai',
    updated_at: row?.updated_at.toISOString(),
    updated_by: row?.updated_by ?? 'genai',
  });
  const credentials = (await deps.models.credentials()).map(({ name, values, info }) => ({
    credential_id: createHash('sha256').update(name).digest('hex').slice(0, 32),
    credential_name: name,
    credential_values: seal(values),
    credential_info: info,
    ...by(records.credentials.find((row) => row.name === name)),
  }));
  const models: Row[] = [];
  for (const row of records.models) {
    const model = await deps.models.find(row.id);
    if (model === null) continue;
    const info = { ...model.info, id: row.id, db_model: true };
    models.push({ model_id: row.id, model_name: model.modelName, litellm_params: seal(model.params), model_info: info, ...by(row) });
  }
  return [
    { kind: 'credential', table: 'CredentialsTable', rows: credentials },
    { kind: 'model', table: 'ProxyModelTable', rows: models },
  ];
}

async function demandEmpty(database: LiteLlmDatabase, tables: readonly ExportTable[]): Promise<void> {
  const full: string[] = [];
  for (const table of [...tables.map((one) => one.table), 'SpendLogs']) if ((await database.count(table)) > 0) full.push(PREFIX + table);
  if (full.length === 0) return;
  throw new AppError(`The database is not empty: ${full.join(', ')} hold rows. Give a database that LiteLLM has only just migrated.`, {
    status: 400,
    code: 'target_not_empty',
  });
}

interface Writing {
  session: ForeignTransaction;
  database: LiteLlmDatabase;
  findings: Findings;
  apply: boolean;
}

/** Columns that this version does not have are left out and named; what it demands and we have not takes its default. */
async function writeRows({ session, database, findings, apply }: Writing, { kind, table, rows }: ExportTable): Promise<number> {
  if (rows.length === 0) return 0;
  const columns = database.tables.get(table);
  if (columns === undefined) {
    findings.add({ level: 'refused', kind, code: 'no-table', field: PREFIX + table }, String(rows.length));
    return 0;
  }
  noteMissing(findings, kind, { columns, rows });
  if (!apply) return rows.length;
  const given = new Set(rows.flatMap((row) => Object.keys(row)));
  const used = columns.filter((column) => given.has(column.name) || column.nullable);
  const name = `${quoteName(database.schema)}.${quoteName(PREFIX + table)}`;
  const values = used.map((column) => cellOf(column));
  await session.query(
    `INSERT INTO ${name} (${used.map((column) => quoteName(column.name)).join(', ')})
     SELECT ${values.join(', ')} FROM jsonb_populate_recordset(NULL::${name}, $1::jsonb) r`,
    [JSON.stringify(rows)],
  );
  return rows.length;
}

function cellOf(column: Column): string {
  const value = `r.${quoteName(column.name)}`;
  // Prisma never writes a list as null.
  if (column.type.startsWith('_')) return `COALESCE(${value}, '{}')`;
  return column.nullable || column.defaultText === null ? value : `COALESCE(${value}, ${column.defaultText})`;
}

/** Kept under other names here, or only known here. */
const OURS = new Set(['model_rpm_limit', 'model_tpm_limit', 'litellm_user_role', 'tags', 'soft_budget', 'guardrails', 'enforced_params']);

function noteMissing(findings: Findings, kind: string, { columns, rows }: { columns: readonly Column[]; rows: readonly Row[] }): void {
  const known = new Set(columns.map(({ name }) => name));
  for (const row of rows) {
    for (const [field, value] of Object.entries(row)) {
      if (known.has(field) || OURS.has(field) || value === null || (typeof value === 'object' && Object.keys(value as object).length === 0)) continue;
      findings.add({ level: 'note', kind, code: 'no-column', field }, String(row.token ?? row.team_id ?? row.user_id ?? row.budget_id ?? row.tag_name ?? ''));
    }
  }
}

async function writeCalls(
  deps: TakeoverDeps,
  { period, context, progress }: { period: { from: Date; to: Date }; context: ExportContext; progress: Progress },
  write: (table: ExportTable) => Promise<number>,
): Promise<number> {
  let after: { at: Date; id: string } | null = null;
  let written = 0;
  for (;;) {
    const calls = await readCalls(deps.records, period, after);
    written += await write({ kind: 'call', table: 'SpendLogs', rows: calls.map((call) => callRow(call, context.home)) });
    progress({ kind: 'call', done: written, total: 0 });
    const last = calls.at(-1);
    if (last === undefined || calls.length < 500) return written;
    after = { at: last.call_started_at, id: last.call_id };
  }
}

function callRow(call: CallRow, home: string): Row {
  const status = call.call_outcome === 'success' ? 'success' : 'failure';
  return {
    request_id: call.call_id,
    call_type: call.endpoint ?? '',
    api_key: call.key_id,
    spend: Number(call.cost ?? 0),
    total_tokens: Number(call.total_tokens ?? 0),
    prompt_tokens: Number(call.input_tokens ?? 0),
    completion_tokens: Number(call.output_tokens ?? 0),
    startTime: call.call_started_at.toISOString(),
    endTime: (call.call_ended_at ?? call.call_started_at).toISOString(),
    completionStartTime: call.first_token_at?.toISOString() ?? null,
    model: call.upstream_model,
    model_id: call.deployment_id,
    model_group: call.model,
    custom_llm_provider: call.provider,
    api_base: call.api_base ?? '',
    user: call.key_user_id ?? '',
    metadata: {
      user_api_key: call.key_id,
      user_api_key_alias: call.key_alias,
      user_api_key_team_alias: call.team_alias,
      user_api_key_team_id: call.team_id,
      status,
    },
    cache_hit: '',
    cache_key: '',
    request_tags: call.tags,
    team_id: call.team_id,
    organization_id: call.organization_id === home ? null : call.organization_id,
    end_user: call.end_user ?? '',
    messages: {},
    response: {},
    proxy_server_request: {},
    session_id: call.session_id,
    status,
  };
}

/** The next row that LiteLLM makes must not meet ours. */
async function restartNumbers(session: ForeignTransaction, database: LiteLlmDatabase): Promise<void> {
  if (!database.tables.has('ModelTable')) return;
  const name = `${quoteName(database.schema)}.${quoteName(`${PREFIX}ModelTable`)}`;
  await session.query(`SELECT setval(pg_get_serial_sequence($1, 'id'), COALESCE((SELECT max(id) FROM ${name}), 1), EXISTS (SELECT 1 FROM ${name}))`, [name]);
}
