// LiteLLM's budgets, end users, tags and memberships as rows of spend_limits. Pure.
import { memberId } from '#identity/governing.ts';
import { dollars, duration, flag, instant, object, picos, type Row, rest, text, whole } from './fields.ts';
import type { SpendKind, Taken, TakenLevel, WrittenBy } from './taken.ts';

export function writtenBy(row: Row): WrittenBy {
  return {
    created_at: instant(row, 'created_at'),
    created_by: text(row, 'created_by'),
    updated_at: instant(row, 'updated_at'),
    updated_by: text(row, 'updated_by'),
  };
}

/** Limits that LiteLLM keeps in columns of their own or in metadata, in the form in which the gateway reads them. */
export function modelLimits(row: Row): Record<string, unknown> {
  const metadata = object(row, 'metadata');
  const found: [string, unknown][] = ['model_max_budget', 'budget_limits', 'model_rpm_limit', 'model_tpm_limit'].map((name) => [
    name,
    row[name] ?? metadata[name] ?? null,
  ]);
  return Object.fromEntries(found.filter(([, value]) => value !== null && !isEmpty(value)));
}

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** The rules that stand in a row itself: of a team, a user or a budget. */
export function levelOf(row: Row, kind: TakenLevel['kind'], subject: string): TakenLevel {
  return {
    kind,
    subject,
    organization_id: null,
    max_budget: dollars(row, 'max_budget'),
    soft_budget: dollars(row, 'soft_budget'),
    budget_duration: duration(row, 'budget_duration'),
    budget_reset_at: instant(row, 'budget_reset_at'),
    rpm_limit: whole(row, 'rpm_limit'),
    tpm_limit: whole(row, 'tpm_limit'),
    max_parallel_requests: whole(row, 'max_parallel_requests'),
    model_limits: modelLimits(row),
    budget_id: null,
    blocked: false,
    profile: {},
    ...writtenBy(row),
  };
}

/** Columns of a row that levelOf reads. */
export const LEVEL_COLUMNS = [
  'max_budget',
  'soft_budget',
  'budget_duration',
  'budget_reset_at',
  'rpm_limit',
  'tpm_limit',
  'max_parallel_requests',
  'created_at',
  'created_by',
  'updated_at',
  'updated_by',
] as const;

const BUDGET_COLUMNS = new Set<string>([...LEVEL_COLUMNS, 'budget_id', 'model_max_budget']);

/** LiteLLM_BudgetTable. */
export function fromBudget(row: Row): Taken<TakenLevel> {
  const id = text(row, 'budget_id') ?? '';
  return { id, spentPicos: 0n, value: { ...levelOf(row, 'budget', id), profile: rest(row, BUDGET_COLUMNS) } };
}

/** A level whose rules all lie in a shared budget. */
function sharing(row: Row, [kind, subject]: readonly [SpendKind, string], own: readonly string[]): Taken<TakenLevel> {
  const names = new Set(['spend', 'budget_id', 'blocked', 'created_at', 'created_by', 'updated_at', 'updated_by', ...own]);
  const bare = levelOf(writtenBy(row) as unknown as Row, kind, subject);
  return {
    id: subject,
    spentPicos: picos(row, 'spend'),
    value: { ...bare, budget_id: text(row, 'budget_id'), blocked: flag(row, 'blocked'), profile: rest(row, names) },
  };
}

/** LiteLLM_EndUserTable. */
export function fromEndUser(row: Row): Taken<TakenLevel> {
  return sharing(row, ['end_user', text(row, 'user_id') ?? ''], ['user_id']);
}

/** LiteLLM_TagTable. */
export function fromTag(row: Row): Taken<TakenLevel> {
  return sharing(row, ['tag', text(row, 'tag_name') ?? ''], ['tag_name']);
}

/** LiteLLM_TeamMembership: what a member may spend in a team. */
export function fromMembership(row: Row): Taken<TakenLevel> {
  return sharing(row, ['member', memberId(text(row, 'team_id') ?? '', text(row, 'user_id') ?? '')], ['team_id', 'user_id']);
}
