// /budget/*: limits that keys, members, organisations, end users and tags share by budget_id. Each keeps its own spend; the window ends for all of them at once.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { sql } from '#stores/records/sql.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { id, levelFields, refuseUnstorable } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { deleteLevels, type LevelRecord, readLevel, readLevels, writeLevel } from './level-records.ts';
import { budgetFields, levelPatch, rolledOver, writtenBy } from './level-view.ts';

const { budget_id: _, ...limits } = levelFields;
const newBody = z.looseObject({ budget_id: id.nullish(), ...limits }).superRefine(refuseUnstorable);
const updateBody = z.looseObject({ budget_id: id, ...limits }).superRefine(refuseUnstorable);
const infoBody = z.looseObject({ budgets: z.array(id).min(1).max(1_000) });
const deleteBody = z.looseObject({ id });

export function budgetRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const post = { method: 'POST' } as const;
  return [
    adminRoute({ ...post, path: '/budget/new', summary: 'Create a budget that others can share', body: newBody, handle: on(create) }),
    adminRoute({ ...post, path: '/budget/update', summary: 'Change a shared budget: absent keeps, null clears', body: updateBody, handle: on(update) }),
    adminRoute({ ...post, path: '/budget/info', summary: 'Some shared budgets', body: infoBody, handle: on(info) }),
    adminRoute({ method: 'GET', path: '/budget/list', summary: 'All shared budgets', handle: () => list(deps) }),
    adminRoute({ ...post, path: '/budget/delete', summary: 'Delete a budget that nobody shares any more', body: deleteBody, handle: on(remove) }),
  ];
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, newBody);
  const budgetId = body.budget_id ?? randomUUID();
  if ((await readLevel(deps.records, 'budget', budgetId)) !== null)
    throw badRequest(`Budget ${budgetId} already exists; change it with /budget/update.`, 'budget_id');
  return await write(deps, context, budgetId, body);
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, updateBody);
  await existing(deps, body.budget_id);
  return await write(deps, context, body.budget_id, body);
}

async function write(deps: AdminDeps, context: RouteContext, budgetId: string, body: z.infer<typeof newBody>): Promise<Response> {
  const { budget_id: _own, ...rules } = body;
  const level = await levelPatch(deps, rules);
  await writeLevel(deps.records, ['budget', budgetId], level, actorOf(context));
  await deps.levelChanged('budget', budgetId);
  if (level.budgetDuration) deps.budgetResets.reschedule();
  return Response.json(view(await existing(deps, budgetId)));
}

async function info(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { budgets } = await readJson(http, infoBody);
  return Response.json([...(await readLevels(deps.records, 'budget', budgets)).values()].map(view));
}

async function list(deps: AdminDeps): Promise<Response> {
  return Response.json([...(await readLevels(deps.records, 'budget')).values()].map(view));
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { id: budgetId } = await readJson(http, deleteBody);
  const budget = await existing(deps, budgetId);
  const [shared] = await deps.records.query<{ users: string }>(sql`
    SELECT (SELECT count(*) FROM spend_limits WHERE budget_id = ${budgetId})
      + (SELECT count(*) FROM virtual_keys WHERE other_fields ->> 'budget_id' = ${budgetId} AND other_fields ? 'budget_id') AS users`);
  // Deleting it under its users would silently lift their limits.
  if (Number(shared?.users) > 0) throw badRequest(`${shared?.users} keys or levels share the budget ${budgetId}; give them another one first.`, 'id');
  await deleteLevels(deps.records, 'budget', [budgetId]);
  return Response.json(view(budget));
}

/** LiteLLM_BudgetTable. */
function view(budget: LevelRecord): Record<string, unknown> {
  return {
    budget_id: budget.subject,
    ...budgetFields(budget),
    budget_limits: budget.modelLimits.budget_limits ?? null,
    ...rolledOver(budget.modelLimits),
    model_rpm_limit: budget.modelLimits.model_rpm_limit ?? null,
    model_tpm_limit: budget.modelLimits.model_tpm_limit ?? null,
    budget_reset_at: budget.budgetResetAt?.toISOString() ?? null,
    ...writtenBy(budget),
  };
}

async function existing(deps: AdminDeps, budgetId: string): Promise<LevelRecord> {
  const budget = await readLevel(deps.records, 'budget', budgetId);
  if (budget === null) throw notFound(`Budget ${budgetId} not found. List the budgets with /budget/list.`, 'budget_id');
  return budget;
}
