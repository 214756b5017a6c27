// Bodies that set a level's rules become patches of its row, and the row becomes what LiteLLM's clients read.
import { nextReset } from '#gateway/money/budget-resets.ts';
import { picosToNumber } from '#lib/money.ts';
import { badRequest } from './admin-route.ts';
import { type LevelBody, modelLimitFields, storedRule, toPicos } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { type LevelPatch, type LevelRecord, readLevel } from './level-records.ts';

/**
 * The rules of a body as a patch. A duration sets when the window ends.
 * @throws AppError 400 when the shared budget does not exist.
 */
export async function levelPatch(deps: AdminDeps, body: LevelBody): Promise<LevelPatch> {
  const patch: LevelPatch = {};
  if (body.max_budget !== undefined) patch.maxBudgetPicos = toPicos(body.max_budget);
  if (body.soft_budget !== undefined) patch.softBudgetPicos = toPicos(body.soft_budget);
  if (body.rpm_limit !== undefined) patch.rpmLimit = body.rpm_limit;
  if (body.tpm_limit !== undefined) patch.tpmLimit = body.tpm_limit;
  if (body.max_parallel_requests !== undefined) patch.maxParallelRequests = body.max_parallel_requests;
  if (body.budget_duration !== undefined) {
    patch.budgetDuration = body.budget_duration;
    patch.budgetResetAt = body.budget_duration === null ? null : await nextReset(deps.records, body.budget_duration, deps.timezone);
  }
  if (body.budget_id !== undefined) {
    if (body.budget_id !== null && (await readLevel(deps.records, 'budget', body.budget_id)) === null) throw noBudget(body.budget_id);
    patch.budgetId = body.budget_id;
  }
  const limits = modelLimits(body);
  if (limits !== null) patch.modelLimits = limits;
  return patch;
}

export function noBudget(budgetId: string): Error {
  return badRequest(`The budget ${budgetId} does not exist; create it with /budget/new or leave budget_id out.`, 'budget_id');
}

function modelLimits(body: LevelBody): Record<string, unknown> | null {
  const given = Object.entries(body).filter(([name, value]) => Object.hasOwn(modelLimitFields, name) && value !== undefined);
  return given.length === 0 ? null : Object.fromEntries(given.map(([name, value]) => [name, storedRule(name, value)]));
}

const dollars = (picos: bigint | null): number | null => (picos === null ? null : picosToNumber(picos));

/** The rules and the spend of a level, as they stand in a team's or a user's row. */
export function levelView(level: LevelRecord | null): Record<string, unknown> {
  return {
    spend: level === null ? 0 : picosToNumber(level.spendPicos),
    ...budgetFields(level),
    budget_reset_at: level?.budgetResetAt?.toISOString() ?? null,
    budget_limits: level?.modelLimits.budget_limits ?? null,
    ...rolledOver(level?.modelLimits ?? {}),
    model_rpm_limit: level?.modelLimits.model_rpm_limit ?? null,
    model_tpm_limit: level?.modelLimits.model_tpm_limit ?? null,
  };
}

/** What a key or level carries over from one window to the next, as numbers; nothing where nothing is carried over. */
export function rolledOver(fields: Readonly<Record<string, unknown>>): Record<string, number> {
  const amounts = ['max_budget_rollover', 'rolled_over'].filter((name) => typeof fields[name] === 'string');
  return Object.fromEntries(amounts.map((name) => [name, Number(fields[name])]));
}

/** LiteLLM's budget table of a level; null when it has no rules at all. A shared budget's fields stand where the level has none. */
export function budgetTable(level: LevelRecord | null, shared: LevelRecord | null): Record<string, unknown> | null {
  if (level === null) return null;
  const own = budgetFields(level);
  const filled = shared === null ? own : Object.fromEntries(Object.entries(budgetFields(shared)).map(([name, value]) => [name, own[name] ?? value]));
  if (level.budgetId === null && Object.values(filled).every((value) => value === null)) return null;
  return { budget_id: level.budgetId, ...filled, budget_reset_at: (level.budgetResetAt ?? shared?.budgetResetAt)?.toISOString() ?? null };
}

/** LiteLLM_BudgetTable's fields of a row. */
export function budgetFields(level: LevelRecord | null): Record<string, unknown> {
  return {
    max_budget: dollars(level?.maxBudgetPicos ?? null),
    soft_budget: dollars(level?.softBudgetPicos ?? null),
    max_parallel_requests: level?.maxParallelRequests ?? null,
    tpm_limit: level?.tpmLimit ?? null,
    rpm_limit: level?.rpmLimit ?? null,
    model_max_budget: level?.modelLimits.model_max_budget ?? null,
    budget_duration: level?.budgetDuration ?? null,
  };
}

/** Who wrote a row and when. */
export function writtenBy(level: LevelRecord | null): Record<string, unknown> {
  return {
    created_at: level?.createdAt.toISOString() ?? null,
    created_by: level?.createdBy ?? null,
    updated_at: level?.updatedAt.toISOString() ?? null,
    updated_by: level?.updatedBy ?? null,
  };
}
