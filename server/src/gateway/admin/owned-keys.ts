// Bodies of keys as owners may send them: whose key it becomes, in which team, and within which bounds.
import { accessGroupsOf } from '#gateway/snapshot.ts';
import type { VirtualKeyRecord } from '#identity/virtual-keys.ts';
import { AppError } from '#lib/errors.ts';
import { type BoundContext, keepMetadata, refuseAdministratorsFields, withinBound } from './bounded-keys.ts';
import type { AdminDeps } from './deps.ts';
import type { GenerateBody, UpdateBody } from './key-body.ts';
import { checkChange, checkNew, membershipIn, type Owner } from './managers.ts';
import type { Permission } from './team-permissions.ts';
import { readMembers } from './team-records.ts';

/** A new key's body: unchanged for administrators; for an owner with himself as the owner, in the team of the key that asks, and within its bounds. @throws AppError 401, 403. */
export async function ownedNewKey(deps: AdminDeps, owner: Owner | null, asked: GenerateBody, permission: Permission = '/key/generate'): Promise<GenerateBody> {
  if (owner === null) return asked;
  refuseAdministratorsFields(asked, null);
  const teamId = asked.team_id ?? owner.key.teamId;
  checkNew(owner, teamId, permission);
  const userId = permission === '/key/service-account/generate' ? null : (asked.user_id ?? owner.userId);
  if (userId !== null && userId !== owner.userId) await checkOtherOwner(deps, owner, { teamId, userId });
  return withinBound({ ...asked, team_id: teamId, user_id: userId }, owner.key, contextOf(deps, true));
}

/** Administrators of a team make keys for its members. */
async function checkOtherOwner(deps: AdminDeps, owner: Owner, { teamId, userId }: { teamId: string | null; userId: string }): Promise<void> {
  const isAdmin = teamId !== null && membershipIn(owner, teamId)?.isAdmin === true;
  const members = isAdmin ? await readMembers(deps.records, [teamId]) : [];
  if (!members.some((member) => member.user_id === userId))
    throw refused('A key can be made for yourself, or by an administrator of a team for its members.', 'user_id');
}

/** A change of a key: unchanged for administrators; for an owner only of what is his, and within its bounds. @throws AppError 401, 403. */
export function ownedChange(deps: AdminDeps, owner: Owner | null, change: { before: VirtualKeyRecord; body: UpdateBody; permission: Permission }): UpdateBody {
  const { before, body, permission } = change;
  checkChange(owner, before, permission);
  if (owner === null) return body;
  refuseAdministratorsFields(body, before.otherFields);
  for (const [field, value] of [
    ['team_id', before.teamId],
    ['user_id', before.userId],
  ] as const)
    if (body[field] !== undefined && body[field] !== value) throw refused('is changed by an administrator only.', field);
  const context = contextOf(deps, false);
  const bounded = withinBound(keepMetadata(body, before.metadata), owner.key, context);
  const isTeamAdmin = before.teamId !== null && membershipIn(owner, before.teamId)?.isAdmin === true;
  return isTeamAdmin ? bounded : withinBound(bounded, before, context);
}

function contextOf(deps: AdminDeps, isNew: boolean): BoundContext {
  const config = deps.config();
  return { names: { config, accessGroups: accessGroupsOf(config) }, nowMs: Date.now(), isNew };
}

function refused(message: string, field: string): AppError {
  return new AppError(message.startsWith('is ') ? `${field} ${message}` : message, { status: 403, code: 'auth_error', param: field });
}
