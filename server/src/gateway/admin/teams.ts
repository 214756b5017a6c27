// /team/*: teams in LiteLLM's shapes. A change is true for the very next request of every key of the team.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf, memberId } from '#identity/governing.ts';
import { AppError } from '#lib/errors.ts';
import { actorOf, adminRoute, notFound, OWNERS } from './admin-route.ts';
import { id } from './body-fields.ts';
import { loggingOf, shownMetadata } from './callbacks.ts';
import type { AdminDeps } from './deps.ts';
import { keysDeleted } from './keys-deleted.ts';
import { writeLevel } from './level-records.ts';
import { levelPatch } from './level-view.ts';
import { ownerOf } from './managers.ts';
import { pageNumber } from './query-fields.ts';
import { deleteTeamBody, newTeamBody, teamIdBody, teamModelsBody, toTeamPatch, updateTeamBody } from './team-body.ts';
import { addMembers, resolveMember } from './team-members.ts';
import { permits } from './team-permissions.ts';
import { deleteTeam, insertTeam, readMembers, readTeam, readTeams, type TeamOrder, type TeamRecord, updateTeam } from './team-records.ts';
import { keysOfTeam, membershipsOf, readTeamParts, teamView } from './team-view.ts';

const infoQuery = z.looseObject({ team_id: id.optional(), key_limit: pageNumber(100, 1_000) });
const listQuery = z.looseObject({ user_id: id.optional(), organization_id: id.optional() });
const ORDERS: Readonly<Record<string, TeamOrder>> = { created_at: 'created_at', updated_at: 'updated_at', team_alias: 'alias', team_id: 'id' };
const pagedQuery = z.looseObject({
  user_id: id.optional(),
  organization_id: id.optional(),
  team_id: id.optional(),
  team_alias: z.string().max(800).optional(),
  search: z.string().max(800).optional(),
  page: pageNumber(1, 1_000_000),
  page_size: pageNumber(10, 1_000),
  sort_by: z.enum(Object.keys(ORDERS) as [string, ...string[]]).optional(),
  sort_order: z.enum(['asc', 'desc']).optional(),
});
/** /team/list has no pages in its contract. */
const MAX_UNPAGED = 5_000;

export function teamRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const block = (blocked: boolean) => (context: RouteContext) => setBlocked(deps, context, blocked);
  return [
    adminRoute({ method: 'POST', path: '/team/new', summary: 'Create a team', body: newTeamBody, handle: on(create) }),
    adminRoute({ method: 'POST', path: '/team/update', summary: 'Change a team: absent keeps, null clears', body: updateTeamBody, handle: on(update) }),
    adminRoute({ method: 'POST', path: '/team/delete', summary: 'Delete teams with their keys', body: deleteTeamBody, handle: on(remove) }),
    adminRoute({ method: 'GET', path: '/team/info', ...OWNERS, summary: 'A team; a key may read its own and its owner’s', query: infoQuery, handle: on(info) }),
    adminRoute({ method: 'GET', path: '/team/list', ...OWNERS, summary: 'All teams; a key sees its own and its owner’s', query: listQuery, handle: on(list) }),
    adminRoute({ method: 'GET', path: '/v2/team/list', summary: 'Page through teams', query: pagedQuery, handle: on(page) }),
    adminRoute({ method: 'POST', path: '/team/block', summary: 'Block a team and so its keys', body: teamIdBody, handle: block(true) }),
    adminRoute({ method: 'POST', path: '/team/unblock', summary: 'Unblock a team', body: teamIdBody, handle: block(false) }),
    adminRoute({ method: 'POST', path: '/team/model/add', summary: 'Let a team use more models', body: teamModelsBody, handle: on(addModels) }),
    adminRoute({ method: 'POST', path: '/team/model/delete', summary: 'Take models from a team', body: teamModelsBody, handle: on(removeModels) }),
  ];
}

async function create(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const asked = await readJson(context.http, newTeamBody);
  const body = { ...asked, metadata: await shownMetadata(deps, ['team', null], asked.metadata) };
  const actor = actorOf(context);
  const teamId = body.team_id ?? randomUUID();
  const level = await levelPatch(deps, body);
  const patch = { organizationId: deps.home.organizationId, ...toTeamPatch(body) };
  const members = await Promise.all((body.members_with_roles ?? []).map((member) => resolveMember(deps, member)));
  await deps.records.transaction(async (session) => {
    await insertTeam(session, teamId, patch, actor);
    await writeLevel(session, ['team', teamId], level, actor);
    await addMembers(session, { teamId, members, rules: {}, actor });
  });
  const logging = loggingOf(asked.metadata);
  if (logging !== undefined) await deps.callbacks.replace('team', teamId, logging);
  await deps.levelChanged('team', teamId);
  if (level.budgetDuration) deps.budgetResets.reschedule();
  return Response.json(await viewOf(deps, teamId));
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const asked = await readJson(context.http, updateTeamBody);
  const actor = actorOf(context);
  const before = await existing(deps, asked.team_id);
  const body = asked.metadata === undefined ? asked : { ...asked, metadata: await shownMetadata(deps, ['team', asked.team_id], asked.metadata) };
  // What /team/{id}/callback added stays unless the metadata speaks of it.
  const logging = loggingOf(asked.metadata);
  if (logging !== undefined) await deps.callbacks.replace('team', asked.team_id, logging);
  const level = await levelPatch(deps, body);
  await deps.records.transaction(async (session) => {
    await updateTeam(session, body.team_id, toTeamPatch(body, before.otherFields), actor);
    await writeLevel(session, ['team', body.team_id], level, actor);
  });
  await deps.levelChanged('team', body.team_id);
  if (level.budgetDuration) deps.budgetResets.reschedule();
  return Response.json({ team_id: body.team_id, data: await viewOf(deps, body.team_id) });
}

async function remove(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const { team_ids: teamIds } = await readJson(http, deleteTeamBody);
  for (const teamId of teamIds) await existing(deps, teamId);
  for (const teamId of teamIds) {
    const members = await readMembers(deps.records, [teamId]);
    const deleted = await deps.records.transaction((session) => deleteTeam(session, teamId));
    await keysDeleted(deps, deleted?.keys ?? []);
    for (const { user_id: userId } of members) deps.budgets.forget(accountOf('member', memberId(teamId, userId)));
    deps.budgets.forget(accountOf('team', teamId));
    await deps.levelChanged('team', teamId);
  }
  return Response.json({ deleted_teams: teamIds });
}

async function info(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const query = readQuery(context.http, infoQuery);
  const readable = await readableTeams(deps, context);
  const teamId = query.team_id ?? readable?.own ?? null;
  if (teamId === null) throw new AppError('Name the team: /team/info?team_id=<id>.', { status: 400, code: 'bad_request_error', param: 'team_id' });
  if (readable !== null && !readable.ids.includes(teamId)) {
    throw new AppError('A virtual key may only read the team that it belongs to, and the teams of its owner.', {
      status: 403,
      code: 'auth_error',
      param: 'team_id',
    });
  }
  await deps.ledger.flush();
  const team = await existing(deps, teamId);
  const parts = await readTeamParts(deps, [team]);
  const keys = readable === null || readable.keysOf.includes(teamId) ? await keysOfTeam(deps, teamId, query.key_limit) : [];
  return Response.json({ team_id: teamId, team_info: teamView(team, parts), keys, team_memberships: membershipsOf(team, parts) });
}

/** The teams that a virtual key may read: its own and its owner's; null = all of them. `keysOf` = those whose keys it may list. */
async function readableTeams(deps: AdminDeps, context: RouteContext): Promise<{ own: string | null; ids: string[]; keysOf: string[] } | null> {
  const { principal } = context;
  if (principal.kind !== 'virtual-key') return null;
  const { teamId } = principal.key;
  const own = teamId === null ? [] : [teamId];
  const owner = await ownerOf(deps, context);
  if (owner === null) return { own: teamId, ids: own, keysOf: [] };
  const keysOf = owner.memberships.filter((membership) => permits(membership, '/key/list')).map((membership) => membership.teamId);
  return { own: teamId, ids: [...own, ...owner.memberships.map((membership) => membership.teamId)], keysOf };
}

async function list(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const query = readQuery(context.http, listQuery);
  const readable = await readableTeams(deps, context);
  if (readable !== null && readable.ids.length === 0) return Response.json([]);
  await deps.ledger.flush();
  const filters = { userId: query.user_id, organizationId: query.organization_id, ids: readable?.ids };
  const { teams, total } = await readTeams(deps.records, filters, { limit: MAX_UNPAGED, offset: 0 });
  const parts = await readTeamParts(deps, teams);
  const response = Response.json(teams.map((team) => ({ ...teamView(team, parts), team_memberships: membershipsOf(team, parts), keys: [] })));
  if (total > MAX_UNPAGED) response.headers.set('x-genai-truncated', `newest ${MAX_UNPAGED}; use /v2/team/list for pages`);
  return response;
}

async function page(deps: AdminDeps, { http }: RouteContext): Promise<Response> {
  const query = readQuery(http, pagedQuery);
  await deps.ledger.flush();
  const { teams, total } = await readTeams(
    deps.records,
    {
      userId: query.user_id,
      organizationId: query.organization_id,
      ids: query.team_id === undefined ? undefined : [query.team_id],
      alias: query.team_alias,
      search: query.search,
    },
    {
      limit: query.page_size,
      offset: (query.page - 1) * query.page_size,
      ascending: query.sort_order === 'asc',
      ...(query.sort_by === undefined ? {} : { orderBy: ORDERS[query.sort_by] as TeamOrder }),
    },
  );
  const parts = await readTeamParts(deps, teams);
  return Response.json({
    teams: teams.map((team) => teamView(team, parts)),
    total,
    page: query.page,
    page_size: query.page_size,
    total_pages: Math.ceil(total / query.page_size),
  });
}

async function setBlocked(deps: AdminDeps, context: RouteContext, blocked: boolean): Promise<Response> {
  const { team_id: teamId } = await readJson(context.http, teamIdBody);
  await existing(deps, teamId);
  await updateTeam(deps.records, teamId, { blocked }, actorOf(context));
  await deps.levelChanged('team', teamId);
  return Response.json(await viewOf(deps, teamId));
}

async function addModels(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, teamModelsBody);
  return await changeModels(deps, context, body.team_id, (models) => [...new Set([...models, ...body.models])]);
}

async function removeModels(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, teamModelsBody);
  return await changeModels(deps, context, body.team_id, (models) => {
    const left = models.filter((model) => !body.models.includes(model));
    // An empty list means every model: taking the last one away must not open all of them.
    return models.length > 0 && left.length === 0 ? ['no-default-models'] : left;
  });
}

async function changeModels(deps: AdminDeps, context: RouteContext, teamId: string, change: (models: readonly string[]) => string[]): Promise<Response> {
  const team = await existing(deps, teamId);
  await updateTeam(deps.records, teamId, { models: change(team.models) }, actorOf(context));
  await deps.levelChanged('team', teamId);
  return Response.json(await viewOf(deps, teamId));
}

async function existing(deps: AdminDeps, teamId: string): Promise<TeamRecord> {
  return (await readTeam(deps.records, teamId)) ?? noTeam(teamId);
}

function noTeam(teamId: string): never {
  throw notFound(`Team not found, passed team_id=${teamId}. List the teams with /team/list.`, 'team_id');
}

async function viewOf(deps: AdminDeps, teamId: string): Promise<Record<string, unknown>> {
  const team = await existing(deps, teamId);
  return teamView(team, await readTeamParts(deps, [team]));
}
