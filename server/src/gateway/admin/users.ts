// /user/*: LiteLLM's internal users, who own keys and belong to teams (litellm.md §1.5).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf } from '#identity/governing.ts';
import { listVirtualKeys } from '#identity/virtual-keys.ts';
import { AppError } from '#lib/errors.ts';
import { actorOf, adminRoute, badRequest, notFound } from './admin-route.ts';
import { amount, id, json, keptFields, levelFields, models, refuseUnstorable, text, toPicos } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { generateBody } from './key-body.ts';
import { keyView } from './key-view.ts';
import { createKey } from './keys.ts';
import { keysDeleted } from './keys-deleted.ts';
import { type LevelRecord, readLevels, setLevelSpend, writeLevel } from './level-records.ts';
import { levelPatch, levelView } from './level-view.ts';
import { pageNumber } from './query-fields.ts';
import { addMembers } from './team-members.ts';
import { readTeams } from './team-records.ts';
import { readTeamParts, teamView } from './team-view.ts';
import {
  countKeys,
  deleteUsers,
  insertUser,
  readUser,
  readUsers,
  USER_ROLES,
  type UserOrder,
  type UserPatch,
  type UserRecord,
  updateUser,
} from './user-records.ts';

const fields = {
  user_alias: text.nullish(),
  user_email: text.nullish(),
  user_role: z.enum(USER_ROLES).nullish(),
  sso_user_id: text.nullish(),
  models,
  metadata: json,
  spend: amount,
  blocked: z.boolean().nullish(),
  ...levelFields,
};
const team = z.union([id, z.looseObject({ team_id: id, user_role: z.enum(['admin', 'user']).nullish(), max_budget_in_team: levelFields.max_budget })]);
/** Fields of the key that is made with a user. */
const keyFields = {
  auto_create_key: z.boolean().default(true),
  key_alias: text.nullish(),
  duration: generateBody.shape.duration,
  aliases: generateBody.shape.aliases,
  team_id: id.nullish(),
};
const newBody = z.looseObject({ ...fields, ...keyFields, user_id: id.nullish(), teams: z.array(team).max(200).nullish() }).superRefine(refuseUnstorable);
const updateBody = z.looseObject({ ...fields, user_id: id.nullish() }).superRefine(refuseUnstorable);
const deleteBody = z.looseObject({ user_ids: z.array(id).min(1).max(1_000) });
const infoQuery = z.looseObject({ user_id: id.optional() });
const ORDERS: Readonly<Record<string, UserOrder>> = {
  created_at: 'created_at',
  updated_at: 'updated_at',
  user_id: 'id',
  user_email: 'email',
  user_alias: 'alias',
  user_role: 'role',
};
const commas = z
  .string()
  .max(50_000)
  .transform((value) => value.split(',').map((part) => part.trim()))
  .optional();
const listQuery = z.looseObject({
  role: z.enum(USER_ROLES).optional(),
  user_ids: commas,
  sso_user_ids: commas,
  user_email: z.string().max(800).optional(),
  team: id.optional(),
  page: pageNumber(1, 1_000_000),
  page_size: pageNumber(25, 1_000),
  sort_by: z.enum(Object.keys(ORDERS) as [string, ...string[]]).optional(),
  sort_order: z.enum(['asc', 'desc']).optional(),
});

const OWN_FIELDS = new Set([...Object.keys(fields), ...Object.keys(keyFields), 'user_id', 'teams', 'organizations', 'send_invite_email', 'password']);

export function userRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const own = { method: 'GET', access: ['master', 'user-admin', 'virtual-key'], query: infoQuery } as const;
  return [
    adminRoute({ method: 'POST', path: '/user/new', summary: 'Create a user, with a key unless auto_create_key is false', body: newBody, handle: on(create) }),
    adminRoute({ ...own, path: '/user/info', summary: 'A user with keys and teams; a key may read its owner', handle: on(info) }),
    adminRoute({ ...own, path: '/v2/user/info', summary: 'A user’s own row; a key may read its owner', handle: on(rowOnly) }),
    adminRoute({ method: 'POST', path: '/user/update', summary: 'Change a user: absent keeps, null clears', body: updateBody, handle: on(update) }),
    adminRoute({ method: 'GET', path: '/user/list', summary: 'Page through users', query: listQuery, handle: on(list) }),
    adminRoute({ method: 'POST', path: '/user/delete', summary: 'Delete users with their keys and memberships', body: deleteBody, handle: on(remove) }),
  ];
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, newBody);
  const actor = actorOf(context);
  const userId = body.user_id ?? randomUUID();
  const level = await levelPatch(deps, body);
  const memberships = await Promise.all((body.teams ?? []).map((one) => membership(deps, one)));
  await deps.records.transaction(async (session) => {
    await insertUser(session, { id: userId, organizationId: deps.home.organizationId, actor }, toUserPatch(body));
    await writeLevel(session, ['user', userId], { ...level, ...blockedPatch(body) }, actor);
    for (const { teamId, role, rules } of memberships) {
      await addMembers(session, { teamId, members: [{ userId, email: body.user_email ?? null, role }], rules, actor });
    }
  });
  await changed(deps, userId);
  if (body.spend) await setLevelSpend(deps, ['user', userId], toPicos(body.spend) ?? 0n);
  if (level.budgetDuration) deps.budgetResets.reschedule();
  const key = body.auto_create_key ? await keyOf(deps, context, { userId, body }) : {};
  const [row] = await viewsOf(deps, [await existing(deps, userId)]);
  return Response.json({ key: null, ...key, ...row, teams: row?.teams });
}

/** The key of a new user: his own limits stand in his row, so the key has none of them twice. */
async function keyOf(
  deps: AdminDeps,
  context: RouteContext,
  { userId, body }: { userId: string; body: z.infer<typeof newBody> },
): Promise<Record<string, unknown>> {
  const asked = { user_id: userId, team_id: body.team_id, key_alias: body.key_alias, duration: body.duration, aliases: body.aliases, models: body.models };
  return await createKey(deps, generateBody.parse(asked), actorOf(context));
}

async function membership(
  deps: AdminDeps,
  asked: z.infer<typeof team>,
): Promise<{ teamId: string; role: 'admin' | 'user'; rules: Awaited<ReturnType<typeof levelPatch>> }> {
  const one = typeof asked === 'string' ? { team_id: asked } : asked;
  const { total } = await readTeams(deps.records, { ids: [one.team_id] }, { limit: 1, offset: 0 });
  if (total === 0) throw badRequest(`Team not found, passed team_id=${one.team_id}. List the teams with /team/list.`, 'teams');
  const rules = await levelPatch(deps, { max_budget: 'max_budget_in_team' in one ? (one.max_budget_in_team as number | undefined) : undefined });
  return { teamId: one.team_id, role: 'user_role' in one ? ((one.user_role as 'admin' | 'user' | null | undefined) ?? 'user') : 'user', rules };
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, updateBody);
  const user = await named(deps, body);
  const actor = actorOf(context);
  const level = await levelPatch(deps, body);
  // An address names the user when user_id does not: then it is not a change.
  const { user_email: email, ...rest } = body;
  await deps.records.transaction(async (session) => {
    await updateUser(session, user.id, toUserPatch(body.user_id ? { ...rest, user_email: email } : rest, user.otherFields), actor);
    await writeLevel(session, ['user', user.id], { ...level, ...blockedPatch(body) }, actor);
  });
  if (body.spend !== undefined) await setLevelSpend(deps, ['user', user.id], toPicos(body.spend) ?? 0n);
  await changed(deps, user.id);
  if (level.budgetDuration) deps.budgetResets.reschedule();
  const [data] = await viewsOf(deps, [await existing(deps, user.id)]);
  return Response.json({ user_id: user.id, data });
}

async function named(deps: AdminDeps, body: z.infer<typeof updateBody>): Promise<UserRecord> {
  if (body.user_id) return await existing(deps, body.user_id);
  if (!body.user_email) throw badRequest('Name the user by user_id or user_email.', 'user_id');
  const { users } = await readUsers(deps.records, { emailContains: body.user_email }, { limit: 100, offset: 0 });
  const user = users.find(({ email }) => email?.toLowerCase() === body.user_email?.toLowerCase());
  return user ?? noUser(body.user_email);
}

async function info(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const user = await asked(deps, context);
  const [view] = await viewsOf(deps, [user]);
  const { keys } = await listVirtualKeys(deps.records, { page: 1, size: 1_000, filters: { userId: user.id } });
  const { teams } = await readTeams(deps.records, { userId: user.id }, { limit: 1_000, offset: 0 });
  const parts = await readTeamParts(deps, teams);
  return Response.json({ user_id: user.id, user_info: view, keys: keys.map(keyView), teams: teams.map((one) => teamView(one, parts)) });
}

async function rowOnly(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const [view] = await viewsOf(deps, [await asked(deps, context)]);
  return Response.json(view);
}

/** The user that a query means: a virtual key may only ask for its owner. */
async function asked(deps: AdminDeps, { http, principal }: RouteContext): Promise<UserRecord> {
  const query = readQuery(http, infoQuery);
  const own = principal.kind === 'virtual-key' ? principal.key.userId : null;
  const userId = query.user_id ?? own;
  if (userId === null) throw badRequest('Name the user: /user/info?user_id=<id>.', 'user_id');
  if (principal.kind === 'virtual-key' && userId !== own) {
    throw new AppError('A virtual key may only read the user who owns it.', { status: 403, code: 'auth_error', param: 'user_id' });
  }
  await deps.ledger.flush();
  return await existing(deps, userId);
}

async function list(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const query = readQuery(http, listQuery);
  await deps.ledger.flush();
  const { users, total } = await readUsers(
    deps.records,
    { ids: query.user_ids, ssoUserIds: query.sso_user_ids, role: query.role, emailContains: query.user_email, teamId: query.team },
    {
      limit: query.page_size,
      offset: (query.page - 1) * query.page_size,
      ascending: query.sort_order === 'asc',
      ...(query.sort_by === undefined ? {} : { orderBy: ORDERS[query.sort_by] as UserOrder }),
    },
  );
  return Response.json({
    users: await viewsOf(deps, users),
    total,
    page: query.page,
    page_size: query.page_size,
    total_pages: Math.ceil(total / query.page_size),
  });
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { user_ids: ids } = await readJson(http, deleteBody);
  for (const userId of ids) await existing(deps, userId);
  const deleted = await deps.records.transaction((session) => deleteUsers(session, ids));
  await keysDeleted(deps, deleted.keys);
  for (const userId of deleted.users) {
    deps.budgets.forget(accountOf('user', userId));
    await changed(deps, userId);
  }
  return Response.json(deleted.users.length);
}

async function changed(deps: AdminDeps, userId: string): Promise<void> {
  await deps.levelChanged('user', userId);
}

/** LiteLLM_UserTable of some users. */
async function viewsOf(deps: AdminDeps, users: readonly UserRecord[]): Promise<Record<string, unknown>[]> {
  const ids = users.map((user) => user.id);
  const levels = await readLevels(deps.records, 'user', ids);
  const counts = await countKeys(deps.records, ids);
  return users.map((user) => ({ ...userView(user, levels.get(user.id) ?? null), key_count: counts.get(user.id) ?? 0 }));
}

function userView(user: UserRecord, level: LevelRecord | null): Record<string, unknown> {
  return {
    ...user.otherFields,
    user_id: user.id,
    user_alias: user.alias,
    user_email: user.email,
    user_role: user.role,
    sso_user_id: user.ssoUserId,
    organization_id: user.organizationId,
    teams: user.teams,
    models: user.models,
    metadata: user.metadata,
    blocked: level?.blocked ?? false,
    ...levelView(level),
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}

function toUserPatch(body: z.infer<typeof updateBody>, before: Readonly<Record<string, unknown>> = {}): UserPatch {
  const patch: UserPatch = { otherFields: keptFields(body, OWN_FIELDS, before) };
  if (body.user_alias !== undefined) patch.alias = body.user_alias;
  if (body.user_email !== undefined) patch.email = body.user_email;
  if (body.user_role) patch.role = body.user_role;
  if (body.sso_user_id !== undefined) patch.ssoUserId = body.sso_user_id;
  if (body.models !== undefined) patch.models = body.models ?? [];
  if (body.metadata !== undefined) patch.metadata = body.metadata ?? {};
  return patch;
}

function blockedPatch(body: { blocked?: boolean | null | undefined }): { blocked?: boolean } {
  return body.blocked === undefined ? {} : { blocked: body.blocked ?? false };
}

async function existing(deps: AdminDeps, userId: string): Promise<UserRecord> {
  return (await readUser(deps.records, userId)) ?? noUser(userId);
}

function noUser(name: string): never {
  throw notFound(`User ${name} not found. List the users with /user/list.`, 'user_id');
}
