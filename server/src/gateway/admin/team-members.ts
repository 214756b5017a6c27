// /team/member_*: who belongs to a team, in which role, and what he may spend in it.

import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { accountOf, memberId } from '#identity/governing.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { actorOf, adminRoute, badRequest, notFound, OWNERS } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';
import { keysDeleted } from './keys-deleted.ts';
import { deleteLevels, type LevelPatch, readLevel, writeLevel } from './level-records.ts';
import { levelPatch, levelView, rolledOver } from './level-view.ts';
import { checkTeamAdmin, managerOf } from './managers.ts';
import { bulkMemberAddBody, type MemberBody, type MemberRules, memberAddBody, memberDeleteBody, memberUpdateBody } from './team-body.ts';
import { deleteMember, insertMember, type MemberRecord, readMembers, readTeam, type TeamRecord, updateMember } from './team-records.ts';
import { membershipsOf, readTeamParts, teamView } from './team-view.ts';
import { deleteKeysOf, userIdOfEmail } from './user-records.ts';

export function memberRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const post = { method: 'POST' } as const;
  return [
    adminRoute({ ...post, path: '/team/member_add', ...OWNERS, summary: 'Add members to a team', body: memberAddBody, handle: on(add) }),
    adminRoute({ ...post, path: '/team/bulk_member_add', ...OWNERS, summary: 'Add many members, one by one', body: bulkMemberAddBody, handle: on(addMany) }),
    adminRoute({ ...post, path: '/team/member_update', ...OWNERS, summary: 'Change a member’s role or budget', body: memberUpdateBody, handle: on(change) }),
    adminRoute({
      ...post,
      path: '/team/member_delete',
      ...OWNERS,
      summary: 'Remove a member and his keys in the team',
      body: memberDeleteBody,
      handle: on(remove),
    }),
  ];
}

/** A member as he is stored. */
export interface NewMember {
  readonly userId: string;
  readonly email: string | null;
  readonly role: 'admin' | 'user';
}

/** The member that a body names; by address, the user who has it. @throws AppError 400 when nobody has the address. */
export async function resolveMember(deps: AdminDeps, { user_id: userId, user_email: email, role }: MemberBody): Promise<NewMember> {
  const found = userId ?? (await userIdOfEmail(deps.records, email ?? ''));
  if (found === null) throw badRequest(`No user has the address ${email}; create one with /user/new or name the member by user_id.`, 'user_email');
  return { userId: found, email: email ?? null, role };
}

interface Joining {
  teamId: string;
  members: readonly NewMember[];
  rules: LevelPatch;
  models?: readonly string[] | undefined;
  actor: string;
}

/** Adds members inside a transaction of the caller. @throws AppError 400 when one is a member already. */
export async function addMembers(session: RecordsSession, { teamId, members, rules, models, actor }: Joining): Promise<void> {
  for (const { userId, email, role } of members) {
    await insertMember(session, { team_id: teamId, user_id: userId, email, role, models: [...(models ?? [])] });
    await writeLevel(session, ['member', memberId(teamId, userId)], rules, actor);
  }
}

async function add(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const body = await readJson(context.http, memberAddBody);
  checkTeamAdmin(owner, body.team_id);
  const team = await existing(deps, body.team_id);
  const members = await Promise.all(body.member.map((member) => resolveMember(deps, member)));
  await join(deps, context, { team, members, body });
  const parts = await readTeamParts(deps, [team]);
  const ids = new Set(members.map(({ userId }) => userId));
  return Response.json({
    ...teamView(team, parts),
    updated_users: members.map(({ userId, email }) => ({ user_id: userId, user_email: email, teams: [team.id] })),
    updated_team_memberships: membershipsOf(team, parts).filter(({ user_id: userId }) => ids.has(userId as string)),
  });
}

async function addMany(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const body = await readJson(context.http, bulkMemberAddBody);
  checkTeamAdmin(owner, body.team_id);
  const team = await existing(deps, body.team_id);
  const results: { user_id: string | null; user_email: string | null; success: boolean; error: string | null }[] = [];
  for (const member of body.members) {
    const names = { user_id: member.user_id ?? null, user_email: member.user_email ?? null };
    try {
      await join(deps, context, { team, members: [await resolveMember(deps, member)], body });
      results.push({ ...names, success: true, error: null });
    } catch (error) {
      if ((error as { status?: number }).status !== 400) throw error;
      results.push({ ...names, success: false, error: (error as Error).message });
    }
  }
  const successful = results.filter(({ success }) => success).length;
  return Response.json({
    team_id: team.id,
    results,
    total_requested: results.length,
    successful_additions: successful,
    failed_additions: results.length - successful,
    updated_team: teamView(team, await readTeamParts(deps, [team])),
  });
}

interface JoinRequest {
  team: TeamRecord;
  members: readonly NewMember[];
  body: MemberRules;
}

async function join(deps: AdminDeps, context: RouteContext, { team, members, body }: JoinRequest): Promise<void> {
  const rules = await memberPatch(deps, body, team);
  await deps.records.transaction((session) =>
    addMembers(session, { teamId: team.id, members, rules, models: body.allowed_models ?? undefined, actor: actorOf(context) }),
  );
  for (const { userId } of members) await deps.levelChanged('member', memberId(team.id, userId));
  if (rules.budgetDuration) deps.budgetResets.reschedule();
}

/** What a member is held to: what the body says, else what the team says for its members (team_member_budget and its like). */
async function memberPatch(deps: AdminDeps, body: MemberRules, team: TeamRecord): Promise<LevelPatch> {
  const preset = team.otherFields;
  const number = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return await levelPatch(deps, {
    max_budget: body.max_budget_in_team ?? number(preset.team_member_budget),
    budget_duration: body.budget_duration ?? text(preset.team_member_budget_duration),
    max_budget_rollover: body.max_budget_rollover,
    rpm_limit: body.rpm_limit ?? number(preset.team_member_rpm_limit),
    tpm_limit: body.tpm_limit ?? number(preset.team_member_tpm_limit),
  });
}

async function change(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const body = await readJson(context.http, memberUpdateBody);
  checkTeamAdmin(owner, body.team_id);
  const { team, member } = await named(deps, body);
  const { max_budget_in_team: max, budget_duration: duration, max_budget_rollover: rollover, rpm_limit: rpm, tpm_limit: tpm, allowed_models: models } = body;
  const rules = await levelPatch(deps, { max_budget: max, budget_duration: duration, max_budget_rollover: rollover, rpm_limit: rpm, tpm_limit: tpm });
  const subject = memberId(team.id, member.user_id);
  await deps.records.transaction(async (session) => {
    const patch: Partial<MemberRecord> = { ...(body.role ? { role: body.role } : {}), ...(models === undefined ? {} : { models: models ?? [] }) };
    await updateMember(session, [team.id, member.user_id], patch);
    await writeLevel(session, ['member', subject], rules, actorOf(context));
  });
  await deps.levelChanged('member', subject);
  if (rules.budgetDuration) deps.budgetResets.reschedule();
  const level = await readLevel(deps.records, 'member', subject);
  const view = levelView(level);
  return Response.json({
    team_id: team.id,
    user_id: member.user_id,
    user_email: member.email,
    max_budget_in_team: view.max_budget,
    tpm_limit: view.tpm_limit,
    rpm_limit: view.rpm_limit,
    budget_duration: view.budget_duration,
    ...rolledOver(level?.modelLimits ?? {}),
  });
}

async function remove(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const owner = await managerOf(deps, context);
  const body = await readJson(context.http, memberDeleteBody);
  checkTeamAdmin(owner, body.team_id);
  const { team, member } = await named(deps, body);
  const subject = memberId(team.id, member.user_id);
  const keys = await deps.records.transaction(async (session) => {
    await deleteMember(session, team.id, member.user_id);
    await deleteLevels(session, 'member', [subject]);
    return await deleteKeysOf(session, { userId: member.user_id, teamId: team.id });
  });
  await keysDeleted(deps, keys);
  deps.budgets.forget(accountOf('member', subject));
  await deps.levelChanged('member', subject);
  return Response.json(teamView(team, await readTeamParts(deps, [team])));
}

/** The member that a body means. @throws AppError 404 for the team, 400 for the member. */
async function named(
  deps: AdminDeps,
  body: { team_id: string; user_id?: string | null | undefined; user_email?: string | null | undefined },
): Promise<{ team: TeamRecord; member: MemberRecord }> {
  const team = await existing(deps, body.team_id);
  const members = await readMembers(deps.records, [team.id]);
  const member = members.find(({ user_id: userId, email }) => (body.user_id ? userId === body.user_id : Boolean(body.user_email) && email === body.user_email));
  if (member === undefined)
    throw badRequest(`User not found in team. Passed user_id=${body.user_id ?? null}, user_email=${body.user_email ?? null}.`, 'user_id');
  return { team, member };
}

async function existing(deps: AdminDeps, teamId: string): Promise<TeamRecord> {
  const team = await readTeam(deps.records, teamId);
  if (team === null) throw notFound(`Team not found, passed team_id=${teamId}. List the teams with /team/list.`, 'team_id');
  return team;
}
