// /customer/* and /end_user/*: the end users that calls name (`user`), with their rules, in LiteLLM's shapes.
import { z } from 'zod';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf } from '#identity/governing.ts';
import { actorOf, adminRoutes, badRequest, notFound } from './admin-route.ts';
import { amount, id, keptFields, levelFields, refuseUnstorable, text, toPicos } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { deleteLevels, type LevelPatch, type LevelRecord, readLevel, readLevels, setLevelSpend, writeLevel } from './level-records.ts';
import { budgetTable, levelPatch, levelView } from './level-view.ts';

const fields = { alias: text.nullish(), blocked: z.boolean().nullish(), spend: amount, ...levelFields };
const body = z.looseObject({ user_id: id, ...fields }).superRefine(refuseUnstorable);
const idsBody = z.looseObject({ user_ids: z.array(id).min(1).max(1_000) });
const infoQuery = z.looseObject({ end_user_id: id });
const OWN_FIELDS = new Set([...Object.keys(fields).filter((name) => name !== 'alias'), 'user_id']);

export function customerRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const both = (method: Route['method'], name: string, line: Pick<Route, 'summary' | 'handle'> & Partial<Route>): Route[] =>
    adminRoutes([`/customer/${name}`, `/end_user/${name}`], { method, ...line });
  const block = (blocked: boolean) => (context: RouteContext) => setBlocked(deps, context, blocked);
  return [
    ...both('POST', 'new', { summary: 'Set the rules of an end user', body, handle: on(create) }),
    ...both('POST', 'update', { summary: 'Change an end user: absent keeps, null clears', body, handle: on(update) }),
    ...both('GET', 'info', { summary: 'An end user with his spend', query: infoQuery, handle: on(info) }),
    ...both('GET', 'list', { summary: 'End users that have been created', handle: () => list(deps) }),
    ...both('POST', 'delete', { summary: 'Delete the rules of end users', body: idsBody, handle: on(remove) }),
    ...both('POST', 'block', { summary: 'Refuse the calls of end users', body: idsBody, handle: block(true) }),
    ...both('POST', 'unblock', { summary: 'Serve the calls of end users again', body: idsBody, handle: block(false) }),
  ];
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const asked = await readJson(context.http, body);
  if ((await readLevel(deps.records, 'end_user', asked.user_id)) !== null) {
    throw badRequest(`Customer already exists, passed user_id=${asked.user_id}. Change it with /customer/update.`, 'user_id');
  }
  return await write(deps, context, asked);
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const asked = await readJson(context.http, body);
  await existing(deps, asked.user_id);
  return await write(deps, context, asked);
}

async function write(deps: AdminDeps, context: RouteContext, asked: z.infer<typeof body>): Promise<Response> {
  const { user_id: userId } = asked;
  const level: LevelPatch = { ...(await levelPatch(deps, asked)), profile: profileOf(asked) };
  if (asked.blocked !== undefined) level.blocked = asked.blocked ?? false;
  await writeLevel(deps.records, ['end_user', userId], level, actorOf(context));
  await deps.levelChanged('end_user', userId);
  if (asked.spend !== undefined) await setLevelSpend(deps, ['end_user', userId], toPicos(asked.spend) ?? 0n);
  if (level.budgetDuration) deps.budgetResets.reschedule();
  return Response.json(await viewOf(deps, await existing(deps, userId)));
}

/** Alias and whatever else the gateway only keeps; null clears. */
function profileOf(asked: Record<string, unknown>): Record<string, unknown> {
  return { ...Object.fromEntries(Object.keys(asked).flatMap((name) => (OWN_FIELDS.has(name) ? [] : [[name, null]]))), ...keptFields(asked, OWN_FIELDS) };
}

async function info(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { end_user_id: userId } = readQuery(http, infoQuery);
  await deps.ledger.flush();
  return Response.json(await viewOf(deps, await existing(deps, userId)));
}

async function list(deps: AdminDeps): Promise<Response> {
  await deps.ledger.flush();
  const [levels, budgets] = await Promise.all([readLevels(deps.records, 'end_user'), readLevels(deps.records, 'budget')]);
  return Response.json([...levels.values()].map((level) => view(level, budgets.get(level.budgetId ?? '') ?? null)));
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { user_ids: ids } = await readJson(http, idsBody);
  for (const userId of ids) await existing(deps, userId);
  const deleted = await deleteLevels(deps.records, 'end_user', ids);
  for (const userId of deleted) {
    await deps.levelChanged('end_user', userId);
    deps.budgets.forget(accountOf('end_user', userId));
  }
  return Response.json({ deleted_customers: deleted.length, message: `Successfully deleted customers with ids: ${deleted.join(', ')}` });
}

async function setBlocked(deps: AdminDeps, context: RouteContext, blocked: boolean): Promise<Response> {
  const { user_ids: ids } = await readJson(context.http, idsBody);
  for (const userId of ids) {
    await writeLevel(deps.records, ['end_user', userId], { blocked }, actorOf(context));
    await deps.levelChanged('end_user', userId);
  }
  const rows = await Promise.all(ids.map(async (userId) => await viewOf(deps, await existing(deps, userId))));
  return Response.json({ blocked_users: rows });
}

async function viewOf(deps: AdminDeps, level: LevelRecord): Promise<Record<string, unknown>> {
  return view(level, level.budgetId === null ? null : await readLevel(deps.records, 'budget', level.budgetId));
}

/** LiteLLM_EndUserTable. */
function view(level: LevelRecord, shared: LevelRecord | null): Record<string, unknown> {
  return {
    alias: null,
    allowed_model_region: null,
    default_model: null,
    ...level.profile,
    user_id: level.subject,
    blocked: level.blocked,
    spend: levelView(level).spend,
    budget_id: level.budgetId,
    litellm_budget_table: budgetTable(level, shared),
  };
}

async function existing(deps: AdminDeps, userId: string): Promise<LevelRecord> {
  const level = await readLevel(deps.records, 'end_user', userId);
  if (level === null) throw notFound(`End User Id=${userId} does not exist in db. Create it with /customer/new.`, 'end_user_id');
  return level;
}
