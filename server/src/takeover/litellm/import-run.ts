// Takes a LiteLLM database over: its tables one after the other, a batch in one transaction, without ever writing to it. Run again, it goes on and brings what is new.
import { accountOf, type Level } from '#identity/governing.ts';
import { schemaOf, withForeignDatabase } from '#stores/records/foreign.ts';
import { sql } from '#stores/records/sql.ts';
import { Findings } from '#takeover/findings.ts';
import type { TakeoverDeps } from '#takeover/port.ts';
import { addSpend, type SpendChange } from '#takeover/spend.ts';
import { digestOf, readTaken, rememberRows, rememberSpend, type TakenRow } from '#takeover/taken-rows.ts';
import { type LiteLlmDatabase, openLiteLlm } from './database.ts';
import type { Row } from './fields.ts';
import { createOpener } from './from-keys.ts';
import { aliasesFrom } from './from-people.ts';
import { importModels } from './import-models.ts';
import type { ImportCounts, ImportInput, ImportReport, ImportRun, Progress } from './import-report.ts';
import { importSpendLogs } from './import-spend-logs.ts';
import { IMPORT_STEPS, type ImportContext, type ImportStep } from './import-steps.ts';
import { tablesLeft } from './tables-left.ts';
import type { Taken, TakenLevel } from './taken.ts';

/** @throws AppError 400 when the database cannot be reached or is no LiteLLM's. */
export async function importLiteLlm(deps: TakeoverDeps, input: ImportInput, progress: Progress): Promise<ImportReport> {
  const startedAt = performance.now();
  return await withForeignDatabase(input.databaseUrl, { access: 'read' }, async (session) => {
    const database = await openLiteLlm(session, schemaOf(input.databaseUrl));
    const findings = new Findings();
    const opener = createOpener(input.saltKeys);
    const run: ImportRun = { deps, input, database, context: await contextOf(deps, database, findings), progress, added: new Map() };
    await deps.flushLedger();
    const counts: ImportCounts[] = [];
    for (const step of IMPORT_STEPS) counts.push(await runStep(run, step));
    counts.push(...(await importModels(run, opener)));
    counts.push(...(await importSpendLogs(run)));
    if (input.apply) deps.rescheduleBudgets();
    return {
      applied: input.apply,
      source: { schema: database.schema, tables: database.tables.size, otherTables: database.foreignTables },
      counts,
      findings: findings.list(),
      left: await tablesLeft(database, input.spendFrom !== null),
      secrets: { ...opener.opened },
      spendAdded: Object.fromEntries([...run.added].map(([kind, picos]) => [kind, dollarsOf(picos)])),
      elapsedMs: Math.round(performance.now() - startedAt),
    };
  });
}

const dollarsOf = (picos: bigint): string => (Number(picos) / 1e12).toFixed(6);

async function contextOf({ records, home }: TakeoverDeps, database: LiteLlmDatabase, findings: Findings): Promise<ImportContext> {
  const ids = async (statement: ReturnType<typeof sql>): Promise<Set<string>> => new Set((await records.query<{ id: string }>(statement)).map(({ id }) => id));
  const names = async (statement: ReturnType<typeof sql>): Promise<Map<string, string>> =>
    new Map((await records.query<{ name: string; id: string }>(statement)).map(({ name, id }) => [name, id]));
  const aliasRows: Row[] = [];
  for await (const rows of database.batches('ModelTable', ['id'])) aliasRows.push(...rows);
  return {
    records,
    home,
    findings,
    now: new Date(),
    organizations: await ids(sql`SELECT id FROM organizations`),
    teams: await ids(sql`SELECT id FROM teams`),
    keys: new Set(),
    aliases: await names(sql`SELECT alias AS name, id FROM virtual_keys WHERE alias IS NOT NULL`),
    emails: await names(sql`SELECT lower(email) AS name, id FROM internal_users WHERE email IS NOT NULL`),
    ssoIds: await names(sql`SELECT lower(sso_user_id) AS name, id FROM internal_users WHERE sso_user_id IS NOT NULL`),
    aliasesOf: aliasesFrom(aliasRows),
    budgetModels: new Map(),
  };
}

async function runStep(run: ImportRun, step: ImportStep): Promise<ImportCounts> {
  const counts: ImportCounts = { kind: step.kind, table: step.table, read: 0, new: 0, changed: 0, unchanged: 0, refused: 0 };
  const total = await run.database.count(step.table);
  for await (const rows of run.database.batches(step.table, step.order)) {
    const understood = rows.map((row) => step.understand(row, run.context)).filter((taken) => taken !== null);
    counts.refused += rows.length - understood.length;
    counts.read += rows.length;
    const sorted = await sortOut(run, step, understood);
    counts.new += sorted.fresh.length;
    counts.changed += sorted.changed.length;
    counts.unchanged += sorted.unchanged.length;
    counts.refused += sorted.refused;
    if (run.input.apply) await writeBatch(run, step, sorted);
    run.progress({ kind: step.kind, done: counts.read, total });
  }
  return counts;
}

interface Sorted {
  fresh: Taken<unknown>[];
  changed: Taken<unknown>[];
  unchanged: Taken<unknown>[];
  refused: number;
  taken: ReadonlyMap<string, TakenRow>;
}

/** What is new, what changed there since it was taken, and what may not come: it was here before, or it was deleted here after it came. */
async function sortOut({ deps, database, context }: ImportRun, step: ImportStep, understood: readonly Taken<unknown>[]): Promise<Sorted> {
  const ids = understood.map(({ id }) => id);
  const taken = await readTaken(deps.records, [database.identity, step.kind], ids);
  const here = new Set(await step.existing(context, ids));
  const sorted: Sorted = { fresh: [], changed: [], unchanged: [], refused: 0, taken };
  for (const one of understood) {
    const before = taken.get(one.id);
    if ((before === undefined) === here.has(one.id)) {
      sorted.refused += 1;
      const code = before === undefined ? 'exists' : 'deleted-here';
      context.findings.add({ level: 'refused', kind: step.kind, code }, one.id.replace('\u001f', ': '));
      if (code === 'deleted-here') forget(context, step.kind, one.id);
    } else if (before === undefined) sorted.fresh.push(one);
    else if (before.digest === digestOf(one.value)) sorted.unchanged.push(one);
    else sorted.changed.push(one);
  }
  return sorted;
}

/** Nothing may come that belongs to what was deleted here. */
function forget(context: ImportContext, kind: string, id: string): void {
  if (kind === 'organization') context.organizations.delete(id);
  if (kind === 'team') context.teams.delete(id);
  if (kind === 'key') context.keys.delete(id);
}

/** The rules first; then whoever holds them in memory hears of them; then the spend, so that memory and records change by the same amount. */
async function writeBatch(run: ImportRun, step: ImportStep, { fresh, changed, unchanged, taken }: Sorted): Promise<void> {
  const { deps, database, context } = run;
  const place = [database.identity, step.kind] as const;
  const written = [...fresh, ...changed];
  if (written.length > 0) {
    await deps.records.transaction(async (session) => {
      await step.write(
        session,
        written.map(({ value }) => value),
        context,
      );
      await rememberRows(
        session,
        place,
        written.map(({ id, value }) => ({ id, digest: digestOf(value) })),
      );
    });
  }
  for (const { id } of step.kind === 'key' ? fresh : []) deps.budgets.adopt(accountOf('key', id), 0n);
  await tell(deps, step, { fresh, changed });
  const changes = [...written, ...unchanged].flatMap(({ id, spentPicos }): SpendChange[] => {
    const countedPicos = taken.get(id)?.spentPicos ?? 0n;
    return spentPicos === countedPicos ? [] : [{ id, therePicos: spentPicos, countedPicos }];
  });
  if (step.spend !== null && changes.length > 0) await countSpend(run, step, changes);
}

async function countSpend({ deps, database, added }: ImportRun, step: ImportStep, changes: readonly SpendChange[]): Promise<void> {
  const deltas = await deps.records.transaction(async (session) => {
    const found = await addSpend(session, step.spend as Level, changes);
    await rememberSpend(session, [database.identity, step.kind], new Map(changes.map(({ id, therePicos }) => [id, therePicos])));
    return found;
  });
  for (const { account, deltaPicos } of deltas) deps.budgets.adjust(account, deltaPicos);
  added.set(step.kind, (added.get(step.kind) ?? 0n) + deltas.reduce((sum, { deltaPicos }) => sum + deltaPicos, 0n));
}

const LEVELS = new Set(['budget', 'organization', 'team', 'member', 'user', 'end_user', 'tag']);

async function tell(deps: TakeoverDeps, { kind }: ImportStep, { fresh, changed }: Pick<Sorted, 'fresh' | 'changed'>): Promise<void> {
  if (kind === 'key') for (const { id } of [...fresh, ...changed]) await deps.keyChanged(id);
  if (!LEVELS.has(kind)) return;
  // End users and tags are held in memory from the first; nobody shares a budget yet that has just come.
  const heard = kind === 'end_user' || kind === 'tag' ? [...fresh, ...changed].filter(({ value }) => hasRules(value as TakenLevel)) : changed;
  for (const { id } of heard) await deps.levelChanged(kind, id);
}

const hasRules = ({ budget_id: budgetId, blocked }: TakenLevel): boolean => budgetId !== null || blocked;
