// Budgets that start again: a key or a level with a budget_duration has its spend set to zero when its window ends, in the organisation's time zone
// (litellm.md §3.3); a shared budget's window ends for everybody who shares it.
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { Records, RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import type { BudgetBook } from './budgets.ts';

/** setTimeout's largest sensible delay; a window that ends later is looked at again. */
const MAX_WAIT_MS = 24 * 3_600_000;
const RETRY_MS = 30_000;
const ROWS_A_ROUND = 500;

export interface BudgetResets {
  /** A window was set or changed, or the process begins: look when the next one ends. */
  reschedule(): void;
  /** Resets every window that has ended. @throws when PostgreSQL is away. */
  runDue(): Promise<number>;
  close(): void;
}

export interface BudgetResetOptions {
  records: Records;
  budgets: Pick<BudgetBook, 'adjust'>;
  timezone: string;
  log: Log;
  /** What is left of a window goes into the next one (max_budget_rollover): the key or the level has to be read again, in every process. */
  carried?: (kind: string, subject: string) => void;
}

/** Waits for the next end of a window instead of polling: without such keys the database is never asked. */
export function createBudgetResets(options: BudgetResetOptions): BudgetResets {
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  function wait(delayMs: number): void {
    if (closed) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => void round(), Math.min(Math.max(delayMs, 0), MAX_WAIT_MS)).unref();
  }

  async function round(): Promise<void> {
    try {
      await runDue();
      const dueMs = await nextDueMs(options.records);
      if (dueMs !== null) wait(dueMs - Date.now());
    } catch (error) {
      options.log.warn('budgets could not be reset and will be tried again', { error });
      wait(RETRY_MS);
    }
  }

  async function runDue(): Promise<number> {
    let reset = 0;
    for (;;) {
      const { records, timezone } = options;
      const rounds = [await resetDueKeys(records, timezone), await resetDueLevels(records, timezone), await resetSharedBudgets(records, timezone)];
      // Everybody who shares a budget is named by it, once.
      const changes = new Map<string, [string, string]>();
      for (const { account, spent, changed } of rounds.flat()) {
        options.budgets.adjust(account, -parsePicos(spent));
        if (changed) changes.set(changed.join(':'), changed);
      }
      for (const changed of changes.values()) options.carried?.(...changed);
      reset += rounds.flat().length;
      if (rounds.every((rows) => rows.length < ROWS_A_ROUND)) return reset;
    }
  }

  return {
    reschedule: () => wait(0),
    runDue,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/**
 * When a window of this length that begins now ends: "1d"/"24h" at the next midnight, "7d" at the next Monday's, "30d"/"1mo" at that of the first of
 * the next month, other days at midnight that many days on; hours and less on multiples of their length since the epoch.
 * @param duration as `durationMs` (lib/duration.ts) accepts it.
 * @param now another instant than the database's own.
 */
export async function nextReset(session: RecordsSession, duration: string, timezone: string, now: Date | null = null): Promise<Date> {
  const [row] = await session.query<{ at: Date }>(
    sql`SELECT ${windowEnd(sql`${duration}::text`, timezone, now === null ? NOW : sql`${now}::timestamptz`)} AS at`,
  );
  return (row as { at: Date }).at;
}

/** Sets a level's spend and gives what it was; null: no such level. */
export async function replaceLevelSpend(session: RecordsSession, kind: string, subject: string, spendPicos: bigint): Promise<bigint | null> {
  const [row] = await session.query<{ spent: string }>(sql`
    WITH before AS (SELECT kind, subject, spend FROM spend_limits WHERE kind = ${kind} AND subject = ${subject} FOR UPDATE)
    UPDATE spend_limits SET spend = ${formatPicos(spendPicos)}::numeric FROM before
    WHERE spend_limits.kind = before.kind AND spend_limits.subject = before.subject RETURNING before.spend AS spent`);
  return row === undefined ? null : parsePicos(row.spent);
}

/** Sets a key's spend and gives what it was, both in one statement, so that no call in between is lost or counted twice. Null: no such key. */
export async function replaceSpend(session: RecordsSession, keyId: string, spendPicos: bigint): Promise<bigint | null> {
  const [row] = await session.query<{ spent: string }>(sql`
    WITH before AS (SELECT id, spend FROM virtual_keys WHERE id = ${keyId} FOR UPDATE)
    UPDATE virtual_keys SET spend = ${formatPicos(spendPicos)}::numeric FROM before WHERE virtual_keys.id = before.id RETURNING before.spend AS spent`);
  return row === undefined ? null : parsePicos(row.spent);
}

interface ResetRow {
  account: string;
  spent: string;
  /** Kind and subject of what has to be read again; null or absent = nothing changed but the spend. */
  changed?: [string, string] | null;
}

/** Amounts in the fields of a row, as they are written; anything else says nothing. */
const DECIMAL = '^[0-9]{1,26}([.][0-9]{1,12})?$';

/**
 * What of a window goes into the next one, for a row `due` with its budget: what was left of the budget and of what the window had been given itself,
 * up to max_budget_rollover. Null = the row does not roll over. Calls that are not in the records yet count in the new window, so the two windows
 * together never give more than their budgets.
 */
function carriedInto(fields: Statement, from: Statement, maxBudget = sql`${from}.max_budget`): Statement {
  const field = (name: string): Statement => sql`CASE WHEN ${fields} ->> ${name}::text ~ ${DECIMAL}::text THEN (${fields} ->> ${name}::text)::numeric END`;
  const left = sql`${maxBudget} + COALESCE(${field('rolled_over')}, 0) - ${from}.spend`;
  const most = field('max_budget_rollover');
  // LEAST passes over nulls: a row without a bound carries nothing.
  return sql`CASE WHEN ${maxBudget} IS NOT NULL AND ${most} IS NOT NULL THEN LEAST(${most}, GREATEST(0, ${left})) END`;
}

/** The fields with what was carried; without it where nothing rolls over. */
function withCarried(fields: Statement): Statement {
  return sql`CASE WHEN due.carried IS NULL THEN ${fields} - 'rolled_over' ELSE ${fields} || jsonb_build_object('rolled_over', trim_scale(due.carried)::text) END`;
}

async function resetDueKeys(session: RecordsSession, timezone: string): Promise<ResetRow[]> {
  return await session.query<ResetRow>(sql`
    WITH due AS (
      SELECT id, account, spend, budget_duration, ${carriedInto(sql`k.other_fields`, sql`k`)} AS carried, other_fields ? 'rolled_over' AS had
      FROM virtual_keys k WHERE budget_reset_at <= now() AND budget_duration IS NOT NULL
      ORDER BY budget_reset_at LIMIT ${ROWS_A_ROUND} FOR UPDATE SKIP LOCKED
    )
    UPDATE virtual_keys SET spend = 0, budget_reset_at = ${windowEnd(sql`due.budget_duration`, timezone)}, other_fields = ${withCarried(sql`other_fields`)}
    FROM due WHERE virtual_keys.id = due.id
    RETURNING 'key:' || COALESCE(due.account, due.id) AS account, due.spend AS spent,
      CASE WHEN due.carried IS NOT NULL OR due.had THEN ARRAY['key', due.id] END AS changed`);
}

async function resetDueLevels(session: RecordsSession, timezone: string): Promise<ResetRow[]> {
  return await session.query<ResetRow>(sql`
    WITH due AS (
      SELECT kind, subject, spend, budget_duration, ${carriedInto(sql`l.model_limits`, sql`l`)} AS carried, model_limits ? 'rolled_over' AS had
      FROM spend_limits l WHERE budget_reset_at <= now() AND budget_duration IS NOT NULL AND kind <> 'budget'
      ORDER BY budget_reset_at LIMIT ${ROWS_A_ROUND} FOR UPDATE SKIP LOCKED
    )
    UPDATE spend_limits SET spend = 0, budget_reset_at = ${windowEnd(sql`due.budget_duration`, timezone)}, model_limits = ${withCarried(sql`model_limits`)}
    FROM due WHERE spend_limits.kind = due.kind AND spend_limits.subject = due.subject
    RETURNING due.kind || ':' || due.subject AS account, due.spend AS spent,
      CASE WHEN due.carried IS NOT NULL OR due.had THEN ARRAY[due.kind, due.subject] END AS changed`);
}

/** One shared budget after the other, each with everybody who has no window of his own. */
async function resetSharedBudgets(session: RecordsSession, timezone: string): Promise<ResetRow[]> {
  const rows: ResetRow[] = [];
  for (;;) {
    const reset = await resetSharedBudget(session, timezone);
    if (reset === null) return rows;
    rows.push(...reset);
  }
}

async function resetSharedBudget(session: RecordsSession, timezone: string): Promise<ResetRow[] | null> {
  const [due] = await session.query<{ subject: string }>(sql`
    SELECT subject FROM spend_limits WHERE kind = 'budget' AND budget_reset_at <= now() AND budget_duration IS NOT NULL ORDER BY budget_reset_at LIMIT 1`);
  if (due === undefined) return null;
  return await session.query<ResetRow>(sql`
    WITH budget AS (
      UPDATE spend_limits SET budget_reset_at = ${windowEnd(sql`budget_duration`, timezone)}
      WHERE kind = 'budget' AND subject = ${due.subject} AND budget_reset_at <= now() RETURNING subject, max_budget, model_limits
    ), levels AS (
      SELECT s.kind, s.subject, s.spend, s.model_limits ? 'rolled_over' AS had,
        ${carriedInto(sql`(budget.model_limits || s.model_limits)`, sql`s`, sql`COALESCE(s.max_budget, budget.max_budget)`)} AS carried
      FROM spend_limits s JOIN budget ON s.budget_id = budget.subject WHERE s.budget_duration IS NULL FOR UPDATE OF s
    ), keys AS (
      SELECT k.id, k.account, k.spend, k.other_fields ? 'rolled_over' AS had,
        ${carriedInto(sql`(budget.model_limits || k.other_fields)`, sql`k`, sql`COALESCE(k.max_budget, budget.max_budget)`)} AS carried
      FROM virtual_keys k JOIN budget ON k.other_fields ->> 'budget_id' = budget.subject
      WHERE k.other_fields ? 'budget_id' AND k.budget_duration IS NULL FOR UPDATE OF k
    ), reset_levels AS (
      UPDATE spend_limits SET spend = 0, model_limits = ${withCarried(sql`spend_limits.model_limits`)} FROM levels due
      WHERE spend_limits.kind = due.kind AND spend_limits.subject = due.subject
      RETURNING due.kind || ':' || due.subject AS account, due.spend AS spent, due.carried IS NOT NULL OR due.had AS changed
    ), reset_keys AS (
      UPDATE virtual_keys SET spend = 0, other_fields = ${withCarried(sql`virtual_keys.other_fields`)} FROM keys due
      WHERE virtual_keys.id = due.id RETURNING 'key:' || COALESCE(due.account, due.id) AS account, due.spend AS spent, due.carried IS NOT NULL OR due.had AS changed
    )
    SELECT account, spent, CASE WHEN changed THEN ARRAY['budget', ${due.subject}::text] END AS changed
    FROM (SELECT * FROM reset_levels UNION ALL SELECT * FROM reset_keys) sharers`);
}

async function nextDueMs(session: RecordsSession): Promise<number | null> {
  const [row] = await session.query<{ at: Date | null }>(sql`
    SELECT LEAST(
      (SELECT min(budget_reset_at) FROM virtual_keys WHERE budget_duration IS NOT NULL),
      (SELECT min(budget_reset_at) FROM spend_limits WHERE budget_duration IS NOT NULL)
    ) AS at`);
  return row?.at?.getTime() ?? null;
}

const NOW = sql`now()`;

/** The end of a window as an SQL expression: PostgreSQL knows every zone's midnights, daylight saving included. */
function windowEnd(duration: Statement, timezone: string, now: Statement = NOW): Statement {
  const count = sql`substring(${duration} FROM '^[0-9]+')::bigint`;
  const unit = sql`substring(${duration} FROM '[a-z]+$')`;
  const local = sql`(${now} AT TIME ZONE ${timezone}::text)`;
  const seconds = sql`(${count} * CASE ${unit} WHEN 'h' THEN 3600 WHEN 'm' THEN 60 ELSE 1 END)`;
  return sql`CASE
    WHEN ${unit} = 'mo' THEN (date_trunc('month', ${local}) + make_interval(months => ${count}::int)) AT TIME ZONE ${timezone}::text
    WHEN ${duration} = '30d' THEN (date_trunc('month', ${local}) + interval '1 month') AT TIME ZONE ${timezone}::text
    WHEN ${unit} = 'w' THEN (date_trunc('week', ${local}) + make_interval(weeks => ${count}::int)) AT TIME ZONE ${timezone}::text
    WHEN ${duration} = '7d' THEN (date_trunc('week', ${local}) + interval '1 week') AT TIME ZONE ${timezone}::text
    WHEN ${unit} = 'd' THEN (date_trunc('day', ${local}) + make_interval(days => ${count}::int)) AT TIME ZONE ${timezone}::text
    WHEN ${duration} = '24h' THEN (date_trunc('day', ${local}) + interval '1 day') AT TIME ZONE ${timezone}::text
    ELSE to_timestamp((floor(extract(epoch FROM ${now}) / ${seconds}) + 1) * ${seconds}) END`;
}
