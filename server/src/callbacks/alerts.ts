// Alerts in LiteLLM's sense: failed and slow calls, budgets that are nearly or wholly spent. Found among the calls of the journal, sent once by all processes together.
import type { CallSettled } from '#call-record.ts';
import { parsePicos, picosToNumber } from '#lib/money.ts';
import type { Alerting, AlertType } from '#settings/alerting.ts';
import type { Records, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface Alert {
  readonly type: AlertType;
  /** LiteLLM's event: budget_crossed, threshold_crossed, soft_budget_crossed; for calls the type again. */
  readonly event: string;
  /** What it is about; with `occasion` it is told of once. */
  readonly subject: string;
  readonly occasion: string;
  readonly message: string;
  /** What the JSON webhook gets beside the message. */
  readonly details: Record<string, unknown>;
}

/** The same failure of the same model is told of once in so long. */
const QUIET_MS = 10 * 60_000;

/** Alerts about single calls. Failures before a provider was asked are the client's own and nobody else's news. */
export function callAlerts(calls: readonly CallSettled[], alerting: Pick<Alerting, 'slowMs'>): Alert[] {
  return calls.flatMap((call): Alert[] => {
    const occasion = String(Math.floor(call.endedAtUs / 1000 / QUIET_MS));
    const last = call.attempts.at(-1);
    if (call.outcome === 'failure' && last !== undefined) {
      const what = call.errorClass ?? `HTTP ${call.httpStatus}`;
      const said = call.errorMessage === null ? '' : `\n${call.errorMessage.slice(0, 500)}`;
      const message = `LLM API exception: ${what} for model ${call.model} (${last.provider}/${last.upstreamModel}, call ${call.callId})${said}`;
      return [{ type: 'llm_exceptions', event: 'llm_exceptions', subject: `${call.model} ${what}`, occasion, message, details: { call_id: call.callId } }];
    }
    const tookMs = (call.endedAtUs - call.startedAtUs) / 1000;
    if (tookMs < alerting.slowMs) return [];
    const message = `Responses are slow: a call to ${call.model} took ${(tookMs / 1000).toFixed(1)} s, more than ${alerting.slowMs / 1000} s (call ${call.callId})`;
    return [{ type: 'llm_too_slow', event: 'llm_too_slow', subject: call.model, occasion, message, details: { call_id: call.callId } }];
  });
}

/** A level with a budget, as it stands in the records. */
export interface BudgetState {
  readonly kind: 'key' | 'team' | 'user' | 'member' | 'organization' | 'end_user' | 'tag';
  readonly id: string;
  readonly alias: string | null;
  readonly spendPicos: bigint;
  readonly maxPicos: bigint | null;
  readonly softPicos: bigint | null;
  readonly resetAt: Date | null;
}

/** Parts of a budget (in hundredths) that are told of: LiteLLM's 15 % and 5 % left. */
const THRESHOLDS = [95n, 85n];

/** What a budget's state is worth telling, at most one thing of its maximum and one of its soft budget. */
export function budgetAlerts(state: BudgetState): Alert[] {
  const { spendPicos: spend, maxPicos: max, softPicos: soft } = state;
  const alerts: Alert[] = [];
  if (max !== null && max > 0n) {
    const threshold = THRESHOLDS.find((part) => spend * 100n >= max * part);
    if (spend >= max) alerts.push(alertOf(state, 'budget_crossed', max, 'has used up its budget'));
    else if (threshold !== undefined)
      alerts.push(alertOf(state, `threshold_crossed ${threshold}`, max, `has ${100n - threshold} % or less of its budget left`));
  }
  if (soft !== null && spend >= soft) alerts.push(alertOf(state, 'soft_budget_crossed', soft, 'has crossed its soft budget'));
  return alerts;
}

function alertOf(state: BudgetState, event: string, limit: bigint, what: string): Alert {
  const name = state.alias ?? state.id;
  const amounts = `spend $${picosToNumber(state.spendPicos)}, budget $${picosToNumber(limit)}`;
  return {
    type: 'budget_alerts',
    event: event.split(' ')[0] as string,
    subject: `${state.kind}:${state.id} ${event}`,
    // Of the window that ends then; a changed budget is a new one.
    occasion: `${state.resetAt?.toISOString() ?? 'ever'} ${limit}`,
    message: `Budget: ${state.kind} ${name} ${what} (${amounts})`,
    details: {
      event_group: state.kind,
      spend: picosToNumber(state.spendPicos),
      max_budget: state.maxPicos === null ? null : picosToNumber(state.maxPicos),
      soft_budget: state.softPicos === null ? null : picosToNumber(state.softPicos),
      [state.kind === 'key' ? 'token' : `${state.kind}_id`]: state.id,
      [`${state.kind}_alias`]: state.alias,
      budget_reset_at: state.resetAt?.toISOString() ?? null,
    },
  };
}

interface BudgetRow {
  kind: BudgetState['kind'];
  id: string;
  alias: string | null;
  spend: string;
  max: string | null;
  soft: string | null;
  reset_at: Date | null;
}

/** What a row `of` was carried over (max_budget_rollover), in its own fields. */
function carried(fields: Statement, resetAt: Statement): Statement {
  const amount = (name: string): Statement =>
    sql`CASE WHEN ${fields} ->> ${name}::text ~ '^[0-9]{1,26}([.][0-9]{1,12})?$' THEN (${fields} ->> ${name}::text)::numeric ELSE 0 END`;
  return sql`CASE WHEN ${resetAt} > now() THEN LEAST(${amount('max_budget_rollover')}, ${amount('rolled_over')}) ELSE 0 END`;
}

/** The budgets of the keys and of every level that these calls were paid from; a shared budget's limits stand where there are none. */
export async function readBudgets(records: Records, calls: readonly CallSettled[]): Promise<BudgetState[]> {
  const all = (pick: (call: CallSettled) => string | null): string[] => [...new Set(calls.map(pick).filter((id): id is string => id !== null))];
  const member = ({ path }: CallSettled): string | null => (path.teamId === null || path.keyUserId === null ? null : `${path.teamId}\u001f${path.keyUserId}`);
  const rows = await records.query<BudgetRow>(sql`
    SELECT 'key' AS kind, k.id, k.alias, k.spend, COALESCE(k.max_budget, b.max_budget) + ${carried(sql`k.other_fields`, sql`k.budget_reset_at`)} AS max,
      COALESCE((k.other_fields->>'soft_budget')::text, b.soft_budget::text) AS soft, COALESCE(k.budget_reset_at, b.budget_reset_at) AS reset_at
    FROM virtual_keys k LEFT JOIN spend_limits b ON b.kind = 'budget' AND b.subject = k.other_fields ->> 'budget_id'
    WHERE k.id = ANY(${all(({ path }) => path.keyId)}::text[])
      AND (k.max_budget IS NOT NULL OR k.other_fields ? 'soft_budget' OR b.max_budget IS NOT NULL OR b.soft_budget IS NOT NULL)
    UNION ALL
    SELECT l.kind, l.subject, COALESCE(t.alias, replace(l.subject, chr(31), ' / ')), l.spend,
      COALESCE(l.max_budget, b.max_budget) + ${carried(sql`l.model_limits`, sql`l.budget_reset_at`)}, COALESCE(l.soft_budget, b.soft_budget)::text,
      COALESCE(l.budget_reset_at, b.budget_reset_at)
    FROM spend_limits l LEFT JOIN teams t ON l.kind = 'team' AND t.id = l.subject
    LEFT JOIN spend_limits b ON b.kind = 'budget' AND b.subject = l.budget_id
    WHERE (l.max_budget IS NOT NULL OR l.soft_budget IS NOT NULL OR b.max_budget IS NOT NULL OR b.soft_budget IS NOT NULL) AND (
      (l.kind = 'team' AND l.subject = ANY(${all(({ path }) => path.teamId)}::text[]))
      OR (l.kind = 'user' AND l.subject = ANY(${all(({ path }) => path.keyUserId)}::text[]))
      OR (l.kind = 'member' AND l.subject = ANY(${all(member)}::text[]))
      OR (l.kind = 'end_user' AND l.subject = ANY(${all(({ endUser }) => endUser)}::text[]))
      OR (l.kind = 'tag' AND l.subject = ANY(${[...new Set(calls.flatMap(({ tags }) => tags))]}::text[]))
      OR (l.kind = 'organization' AND l.subject = ANY(${all(({ path }) => path.organizationId)}::text[])))`);
  return rows.map((row) => ({
    kind: row.kind,
    id: row.id,
    alias: row.alias,
    spendPicos: parsePicos(row.spend),
    maxPicos: row.max === null ? null : parsePicos(row.max),
    softPicos: softOf(row.soft),
    resetAt: row.reset_at,
  }));
}

function softOf(text: string | null): bigint | null {
  try {
    return text === null ? null : parsePicos(text);
  } catch {
    return null;
  }
}
