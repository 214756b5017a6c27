// What a budget window has spent so far: summed from the ledger when the window is first met, in memory from then on. Nothing is stored that could drift.
import { type BudgetClaim, UNIT_SEPARATOR } from '#identity/governing.ts';
import { windowOf } from '#lib/calendar.ts';
import { parsePicos } from '#lib/money.ts';
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { BudgetBook } from './budgets.ts';
import type { Ledger } from './ledger.ts';

export interface WindowSpendDeps {
  records: RecordsSession;
  budgets: Pick<BudgetBook, 'knowsWindow' | 'adoptWindow'>;
  ledger: Pick<Ledger, 'flush'>;
  timezone: string;
}

/**
 * Makes the spend of every window among the claims known that is not yet. A window that is set while calls are in flight counts those that begin after it.
 * @throws when PostgreSQL is away.
 */
export async function openWindows(deps: WindowSpendDeps, claims: readonly BudgetClaim[]): Promise<void> {
  const unknown = claims.filter((claim) => claim.duration !== null && !deps.budgets.knowsWindow(claim.account));
  if (unknown.length === 0) return;
  await deps.ledger.flush();
  for (const claim of unknown) {
    const window = windowOf(claim.duration as string, deps.timezone, Date.now());
    deps.budgets.adoptWindow(claim.account, window, await sumOf(deps.records, claim, window.startMs));
  }
}

/** Spend in the window of an account since its beginning. A key's account is named after the first hash that the key had. */
export async function spentInWindow(session: RecordsSession, subject: Pick<BudgetClaim, 'level' | 'id' | 'model'>, startMs: number): Promise<bigint> {
  if (subject.level !== 'key') return await sumOf(session, subject, startMs);
  const [key] = await session.query<{ id: string }>(sql`SELECT id FROM virtual_keys WHERE COALESCE(account, id) = ${subject.id}`);
  return await sumOf(session, { ...subject, id: key?.id ?? subject.id }, startMs);
}

/** Spend of the whole gateway since an instant; null = since ever. */
export async function spentSince(session: RecordsSession, startMs: number | null): Promise<bigint> {
  const since = startMs === null ? sql`true` : sql`call_started_at >= ${new Date(startMs)}`;
  return await total(session, since);
}

async function sumOf(session: RecordsSession, claim: Pick<BudgetClaim, 'level' | 'id' | 'model'>, startMs: number): Promise<bigint> {
  const model = claim.model === null ? sql`true` : sql`model = ${claim.model}`;
  return await total(session, sql`call_started_at >= ${new Date(startMs)} AND ${subjectOf(claim)} AND ${model}`);
}

function subjectOf({ level, id }: Pick<BudgetClaim, 'level' | 'id'>): Statement {
  switch (level) {
    case 'key':
      return sql`(key_id = ${id} OR key_id IN (SELECT id FROM replaced_keys WHERE active_id = ${id}))`;
    case 'team':
      return sql`team_id = ${id}`;
    case 'user':
      return sql`key_user_id = ${id}`;
    case 'member': {
      const [team, user] = id.split(UNIT_SEPARATOR);
      return sql`team_id = ${team} AND key_user_id = ${user}`;
    }
    case 'organization':
      return sql`organization_id = ${id}`;
    case 'end_user':
      return sql`end_user = ${id}`;
    case 'provider':
      return sql`provider = ${id}`;
    case 'deployment':
      return sql`deployment_id = ${id}`;
    default:
      return sql`tags @> ${[id]}::text[]`;
  }
}

async function total(session: RecordsSession, condition: Statement): Promise<bigint> {
  const [row] = await session.query<{ spend: string }>(sql`SELECT COALESCE(sum(cost), 0) AS spend FROM ledger WHERE ${condition}`);
  return parsePicos(row?.spend ?? '0');
}
