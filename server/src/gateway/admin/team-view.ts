// A team as LiteLLM's clients read it (litellm.md §1.5): its row, its members with roles, its keys and memberships.
import { memberId } from '#identity/governing.ts';
import { listVirtualKeys, type VirtualKeyRecord } from '#identity/virtual-keys.ts';
import type { AdminDeps } from './deps.ts';
import { keyView } from './key-view.ts';
import { type LevelRecord, readLevels } from './level-records.ts';
import { budgetTable, levelView } from './level-view.ts';
import { type MemberRecord, readMembers, type TeamRecord } from './team-records.ts';

/** What belongs to some teams, read in a few statements for all of them. */
export interface TeamParts {
  readonly levels: ReadonlyMap<string, LevelRecord>;
  readonly members: readonly MemberRecord[];
  readonly memberLevels: ReadonlyMap<string, LevelRecord>;
  readonly budgets: ReadonlyMap<string, LevelRecord>;
}

export async function readTeamParts(deps: AdminDeps, teams: readonly TeamRecord[]): Promise<TeamParts> {
  const ids = teams.map(({ id }) => id);
  const [levels, members] = await Promise.all([readLevels(deps.records, 'team', ids), readMembers(deps.records, ids)]);
  const subjects = members.map(({ team_id, user_id }) => memberId(team_id, user_id));
  const memberLevels = await readLevels(deps.records, 'member', subjects);
  const shared = [...memberLevels.values()].flatMap(({ budgetId }) => (budgetId === null ? [] : [budgetId]));
  const budgets = shared.length === 0 ? new Map<string, LevelRecord>() : await readLevels(deps.records, 'budget', shared);
  return { levels, members, memberLevels, budgets };
}

/** LiteLLM_TeamTable. */
export function teamView(team: TeamRecord, parts: TeamParts): Record<string, unknown> {
  return {
    ...team.otherFields,
    team_id: team.id,
    team_alias: team.alias,
    organization_id: team.organizationId,
    admins: [],
    members: [],
    members_with_roles: membersOf(team, parts).map(({ user_id, email, role }) => ({ user_id, user_email: email, role })),
    metadata: team.metadata,
    models: team.models,
    blocked: team.blocked,
    ...levelView(parts.levels.get(team.id) ?? null),
    model_aliases: team.modelAliases,
    litellm_model_table: Object.keys(team.modelAliases).length === 0 ? null : { model_aliases: team.modelAliases },
    created_at: team.createdAt.toISOString(),
    updated_at: team.updatedAt.toISOString(),
  };
}

/** The memberships of a team with what each member may spend and has spent in it. */
export function membershipsOf(team: TeamRecord, parts: TeamParts): Record<string, unknown>[] {
  return membersOf(team, parts).map(({ user_id, models }) => {
    const level = parts.memberLevels.get(memberId(team.id, user_id)) ?? null;
    const shared = level?.budgetId === null || level === null ? null : (parts.budgets.get(level.budgetId) ?? null);
    const table = budgetTable(level, shared);
    return {
      user_id,
      team_id: team.id,
      budget_id: level?.budgetId ?? null,
      spend: levelView(level).spend,
      allowed_models: models,
      litellm_budget_table: table === null ? null : { ...table, allowed_models: models },
    };
  });
}

function membersOf(team: TeamRecord, parts: TeamParts): MemberRecord[] {
  return parts.members.filter(({ team_id }) => team_id === team.id);
}

/** Up to `limit` keys of a team, newest first, without the team's own fields repeated. */
export async function keysOfTeam(deps: AdminDeps, teamId: string, limit: number): Promise<Record<string, unknown>[]> {
  const { keys } = await listVirtualKeys(deps.records, { page: 1, size: limit, filters: { teamId } });
  return keys.map((key: VirtualKeyRecord) => keyView(key));
}
