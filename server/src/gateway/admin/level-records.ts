// Rows of spend_limits: what a level above keys may spend and has spent. Written as a merge patch: absent keeps, null clears.
import { replaceLevelSpend } from '#gateway/money/budget-resets.ts';
import { accountOf, type Level } from '#identity/governing.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { AdminDeps } from './deps.ts';

/** A level, or a budget that levels share. */
export type LevelKind = Exclude<Level, 'key'> | 'budget';

export interface LevelRecord {
  readonly kind: LevelKind;
  readonly subject: string;
  readonly spendPicos: bigint;
  readonly maxBudgetPicos: bigint | null;
  readonly softBudgetPicos: bigint | null;
  readonly budgetDuration: string | null;
  readonly budgetResetAt: Date | null;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly maxParallelRequests: number | null;
  readonly modelLimits: Readonly<Record<string, unknown>>;
  readonly budgetId: string | null;
  readonly blocked: boolean;
  readonly profile: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly createdBy: string | null;
  readonly updatedAt: Date;
  readonly updatedBy: string | null;
}

/** What may be set. `modelLimits` and `profile` are merged field by field. */
export interface LevelPatch {
  maxBudgetPicos?: bigint | null;
  softBudgetPicos?: bigint | null;
  budgetDuration?: string | null;
  budgetResetAt?: Date | null;
  rpmLimit?: number | null;
  tpmLimit?: number | null;
  maxParallelRequests?: number | null;
  modelLimits?: Readonly<Record<string, unknown>>;
  budgetId?: string | null;
  blocked?: boolean;
  profile?: Readonly<Record<string, unknown>>;
}

interface LevelRow {
  kind: LevelKind;
  subject: string;
  spend: string;
  max_budget: string | null;
  soft_budget: string | null;
  budget_duration: string | null;
  budget_reset_at: Date | null;
  rpm_limit: string | null;
  tpm_limit: string | null;
  max_parallel_requests: string | null;
  model_limits: Record<string, unknown>;
  budget_id: string | null;
  blocked: boolean;
  profile: Record<string, unknown>;
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
}

const COLUMNS = [
  'max_budget',
  'soft_budget',
  'budget_duration',
  'budget_reset_at',
  'rpm_limit',
  'tpm_limit',
  'max_parallel_requests',
  'model_limits',
  'budget_id',
  'blocked',
  'profile',
] as const;

/** Registers a level and sets what the patch names. The caller tells of the change when its transaction is through. */
export async function writeLevel(session: RecordsSession, [kind, subject]: readonly [LevelKind, string], patch: LevelPatch, actor: string): Promise<void> {
  const given = assignments(patch);
  const names = given.map(([name]) => sql`, ${sql.identifier(name, COLUMNS)}`);
  const values = given.map(([name, value]) => sql`, ${merges(name) ? sql`jsonb_strip_nulls(${value})` : value}`);
  const updates = given.map(([name, value]) => {
    const column = sql.identifier(name, COLUMNS);
    return merges(name) ? sql`, ${column} = jsonb_strip_nulls(stored.${column} || ${value})` : sql`, ${column} = excluded.${column}`;
  });
  const nothing = sql``;
  await session.query(sql`
    INSERT INTO spend_limits AS stored (kind, subject, is_registered, created_by, updated_by${sql.join(names, nothing)})
    VALUES (${kind}, ${subject}, true, ${actor}, ${actor}${sql.join(values, nothing)})
    ON CONFLICT (kind, subject) DO UPDATE SET is_registered = true, updated_by = excluded.updated_by, updated_at = now(),
      created_by = COALESCE(stored.created_by, excluded.created_by)${sql.join(updates, nothing)}`);
}

const merges = (name: string): boolean => name === 'model_limits' || name === 'profile';

/** Registered levels of a kind; all of them without `subjects`. */
export async function readLevels(session: RecordsSession, kind: LevelKind, subjects?: readonly string[]): Promise<Map<string, LevelRecord>> {
  const condition = subjects === undefined ? sql`true` : sql`subject = ANY(${subjects}::text[])`;
  const rows = await session.query<LevelRow>(
    sql`SELECT * FROM spend_limits WHERE kind = ${kind} AND is_registered AND ${condition} ORDER BY created_at, subject`,
  );
  return new Map(rows.map((row) => [row.subject, toRecord(row)]));
}

export async function readLevel(session: RecordsSession, kind: LevelKind, subject: string): Promise<LevelRecord | null> {
  return (await readLevels(session, kind, [subject])).get(subject) ?? null;
}

/** Deletes levels; gives those that existed. */
export async function deleteLevels(session: RecordsSession, kind: LevelKind, subjects: readonly string[]): Promise<string[]> {
  const rows = await session.query<{ subject: string }>(
    sql`DELETE FROM spend_limits WHERE kind = ${kind} AND subject = ANY(${subjects}::text[]) AND is_registered RETURNING subject`,
  );
  return rows.map(({ subject }) => subject);
}

/** Sets what a level has spent, in the records and in memory by the same amount: calls on their way are neither lost nor counted twice. */
export async function setLevelSpend(deps: AdminDeps, [kind, subject]: readonly [Level & LevelKind, string], spendPicos: bigint): Promise<void> {
  await deps.ledger.flush();
  const beforePicos = await replaceLevelSpend(deps.records, kind, subject, spendPicos);
  if (beforePicos !== null) deps.budgets.adjust(accountOf(kind, subject), spendPicos - beforePicos);
}

function assignments(patch: LevelPatch): [(typeof COLUMNS)[number], Statement][] {
  const money = (picos: bigint | null | undefined): Statement | undefined =>
    picos === undefined ? undefined : sql`${picos === null ? null : formatPicos(picos)}::numeric`;
  const plain = (value: unknown): Statement | undefined => (value === undefined ? undefined : sql`${value}`);
  const object = (value: unknown): Statement | undefined => (value === undefined ? undefined : sql`${JSON.stringify(value)}::jsonb`);
  const values: Record<(typeof COLUMNS)[number], Statement | undefined> = {
    max_budget: money(patch.maxBudgetPicos),
    soft_budget: money(patch.softBudgetPicos),
    budget_duration: plain(patch.budgetDuration),
    budget_reset_at: plain(patch.budgetResetAt),
    rpm_limit: plain(patch.rpmLimit),
    tpm_limit: plain(patch.tpmLimit),
    max_parallel_requests: plain(patch.maxParallelRequests),
    model_limits: object(patch.modelLimits),
    budget_id: plain(patch.budgetId),
    blocked: plain(patch.blocked),
    profile: object(patch.profile),
  };
  return COLUMNS.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]] as [typeof name, Statement]]));
}

function toRecord(row: LevelRow): LevelRecord {
  const picos = (value: string | null): bigint | null => (value === null ? null : parsePicos(value));
  const number = (value: string | null): number | null => (value === null ? null : Number(value));
  return {
    kind: row.kind,
    subject: row.subject,
    spendPicos: parsePicos(row.spend),
    maxBudgetPicos: picos(row.max_budget),
    softBudgetPicos: picos(row.soft_budget),
    budgetDuration: row.budget_duration,
    budgetResetAt: row.budget_reset_at,
    rpmLimit: number(row.rpm_limit),
    tpmLimit: number(row.tpm_limit),
    maxParallelRequests: number(row.max_parallel_requests),
    modelLimits: row.model_limits,
    budgetId: row.budget_id,
    blocked: row.blocked,
    profile: row.profile,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  };
}
