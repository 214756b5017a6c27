// /team/permissions_*: what members of a team may do with its keys (team-permissions.ts).
import { z } from 'zod';
import { readJson, readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { actorOf, adminRoute, badRequest, notFound, OWNERS } from './admin-route.ts';
import { id } from './body-fields.ts';
import type { AdminDeps } from './deps.ts';
import { checkTeamAdmin, managerOf, membershipIn } from './managers.ts';
import { PERMISSIONS, PERMISSIONS_FIELD, permissionsOf } from './team-permissions.ts';
import { readTeam, readTeams, type TeamRecord, updateTeam } from './team-records.ts';
import { readTeamParts, teamView } from './team-view.ts';

const listQuery = z.looseObject({ team_id: id });
const permission = z.enum(PERMISSIONS, { message: `must be one of ${PERMISSIONS.join(', ')}` });
const updateBody = z.looseObject({ team_id: id, team_member_permissions: z.array(permission).max(100) });
const bulkBody = z
  .looseObject({ permissions: z.array(permission).min(1).max(100), team_ids: z.array(id).max(1_000).nullish(), apply_to_all_teams: z.boolean().default(false) })
  .refine((body) => body.apply_to_all_teams !== (body.team_ids?.length ?? 0) > 0, 'name the teams in "team_ids", or set "apply_to_all_teams"');
const PAGE = 500;

export function teamPermissionRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  return [
    adminRoute({
      method: 'GET',
      path: '/team/permissions_list',
      ...OWNERS,
      summary: 'What members of a team may do with its keys',
      query: listQuery,
      handle: on(list),
    }),
    adminRoute({
      method: 'POST',
      path: '/team/permissions_update',
      ...OWNERS,
      summary: 'Set what members of a team may do with its keys',
      body: updateBody,
      handle: on(update),
    }),
    adminRoute({
      method: 'POST',
      path: '/team/permissions_bulk_update',
      summary: 'Permit the members of many teams more',
      body: bulkBody,
      handle: on(updateMany),
    }),
  ];
}

async function list(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const { team_id: teamId } = readQuery(context.http, listQuery);
  if (owner !== null && membershipIn(owner, teamId) === undefined) {
    throw new AppError('Only members of a team may read what its members are permitted.', { status: 403, code: 'auth_error', param: 'team_id' });
  }
  const team = await existing(deps, teamId);
  return Response.json({ team_id: teamId, team_member_permissions: permissionsOf(team.otherFields), all_available_permissions: PERMISSIONS });
}

async function update(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const body = await readJson(context.http, updateBody);
  checkTeamAdmin(owner, body.team_id);
  const team = await write(deps, await existing(deps, body.team_id), [body.team_member_permissions, actorOf(context)]);
  return Response.json(teamView(team, await readTeamParts(deps, [team])));
}

/** Adds to what the teams have; a team that says nothing begins with what every member may. */
async function updateMany(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const body = await readJson(context.http, bulkBody);
  const teams = body.apply_to_all_teams ? await allTeams(deps) : await Promise.all((body.team_ids ?? []).map((teamId) => existing(deps, teamId)));
  for (const team of teams) await write(deps, team, [[...new Set([...permissionsOf(team.otherFields), ...body.permissions])], actorOf(context)]);
  return Response.json({ message: `Updated permissions of ${teams.length} teams`, teams_updated: teams.length, permissions_appended: body.permissions });
}

async function write(deps: AdminDeps, team: TeamRecord, [permissions, actor]: readonly [readonly string[], string]): Promise<TeamRecord> {
  await updateTeam(deps.records, team.id, { otherFields: { ...team.otherFields, [PERMISSIONS_FIELD]: permissions } }, actor);
  return await existing(deps, team.id);
}

async function allTeams(deps: AdminDeps): Promise<TeamRecord[]> {
  const teams: TeamRecord[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await readTeams(deps.records, {}, { limit: PAGE, offset, orderBy: 'id', ascending: true });
    teams.push(...page.teams);
    if (page.teams.length < PAGE) return teams;
    if (teams.length >= 100_000) throw badRequest('There are more than 100000 teams: name them in "team_ids".', 'apply_to_all_teams');
  }
}

async function existing(deps: AdminDeps, teamId: string): Promise<TeamRecord> {
  const team = await readTeam(deps.records, teamId);
  if (team === null) throw notFound(`Team not found, passed team_id=${teamId}. List the teams with /team/list.`, 'team_id');
  return team;
}
