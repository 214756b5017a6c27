// Who administers keys: the master key or an administrator all of them; the owner of a key his own, and those of his teams as far as his role and the team's permissions go.
import type { RouteContext } from '#http/route.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { getVirtualKey, type VirtualKeyRecord } from '#identity/virtual-keys.ts';
import { AppError } from '#lib/errors.ts';
import type { AdminDeps } from './deps.ts';
import { type Membership, membershipsOfUser, type Permission, permits } from './team-permissions.ts';
import { readUser } from './user-records.ts';

/** A person who administers by a key of his own. A key of a team reaches that team only: whoever is handed it gets no hold of its owner's other keys. */
export interface Owner {
  readonly key: VirtualKeyRecord;
  readonly userId: string;
  /** He may make and change keys; false for LiteLLM's internal_user_viewer. */
  readonly mayWrite: boolean;
  readonly memberships: readonly Membership[];
}

/** Who administers; null = the master key or an administrator: everything. @throws AppError 403 for a key without a registered owner. */
export async function managerOf(deps: AdminDeps, context: RouteContext): Promise<Owner | null> {
  if (context.principal.kind !== 'virtual-key') return null;
  const owner = await ownerOf(deps, context);
  if (owner !== null) return owner;
  throw refused('This key has no owner who could administer: give it the user_id of a user made with /user/new, or use the master key.', 403);
}

/** The registered owner of the virtual key that asks; null when there is none. */
export async function ownerOf(deps: AdminDeps, { principal }: RouteContext): Promise<Owner | null> {
  if (principal.kind !== 'virtual-key' || principal.key.userId === null) return null;
  const [user, key] = await Promise.all([readUser(deps.records, principal.key.userId), getVirtualKey(deps.records, principal.key.id)]);
  if (user === null || key === null) return null;
  const all = await membershipsOfUser(deps.records, user.id);
  const memberships = key.teamId === null ? all : all.filter(({ teamId }) => teamId === key.teamId);
  return { key, userId: user.id, mayWrite: user.role !== 'internal_user_viewer' && user.role !== 'proxy_admin_viewer', memberships };
}

/** Whether a key is the owner's own to administer. */
function isOwn(owner: Owner, target: Pick<VirtualKey, 'userId' | 'teamId'>): boolean {
  return target.userId === owner.userId && (owner.key.teamId === null || owner.key.teamId === target.teamId);
}

export const membershipIn = ({ memberships }: Owner, teamId: string): Membership | undefined => memberships.find((one) => one.teamId === teamId);

/** Whether the owner may see a key. */
export function maySee(owner: Owner, target: Pick<VirtualKey, 'userId' | 'teamId'>): boolean {
  return isOwn(owner, target) || (target.teamId !== null && permits(membershipIn(owner, target.teamId), '/key/info'));
}

/** @throws AppError 401 or 403 in LiteLLM's words unless the owner may do this to a key that exists. */
export function checkChange(owner: Owner | null, target: Pick<VirtualKeyRecord, 'userId' | 'teamId'>, permission: Permission): void {
  if (owner === null) return;
  if (!owner.mayWrite) throw refused('Your role only reads: ask an administrator for the role internal_user.', 403);
  const { teamId } = target;
  if (teamId === null) {
    // Who has blocked a key decides when it is opened again.
    if (permission === '/key/unblock') throw refused('Only an administrator unblocks a key.', 403);
    if (!isOwn(owner, target)) throw refused('This key is not yours: only its owner or an administrator may change it.', 403);
    return;
  }
  const membership = membershipIn(owner, teamId);
  if (!permits(membership, permission)) throw permissionError(teamId, permission);
  // A permission of members is for keys of their own; an administrator of the team has all of them.
  if (membership?.isAdmin !== true && !isOwn(owner, target))
    throw refused('This key is not yours: only its owner or an administrator of the team may change it.', 403);
}

/** @throws AppError as checkChange unless the owner may make a key of the team, or one of his own. */
export function checkNew(owner: Owner, teamId: string | null, permission: Permission): void {
  if (!owner.mayWrite) throw refused('Your role only reads: ask an administrator for the role internal_user.', 403);
  if (teamId === null && owner.key.teamId === null) return;
  if (teamId === null || !permits(membershipIn(owner, teamId), permission)) throw permissionError(teamId ?? 'none', permission);
}

/** @throws AppError 403 unless the caller is an administrator, or administers this team. */
export function checkTeamAdmin(owner: Owner | null, teamId: string): void {
  if (owner === null || (owner.mayWrite && membershipIn(owner, teamId)?.isAdmin === true)) return;
  throw refused(`Only an administrator of the team ${teamId} may do this.`, 403);
}

/** LiteLLM answers a deletion with 403 and the rest with 401. */
function permissionError(teamId: string, permission: Permission): AppError {
  const message = `Team member does not have permissions for endpoint: ${permission}. You only have access to the following endpoints of the team ${teamId} that /team/permissions_list names. Ask an administrator of the team.`;
  return new AppError(message, { status: permission === '/key/delete' ? 403 : 401, code: 'team_member_permission_error' });
}

function refused(message: string, status: number): AppError {
  return new AppError(message, { status, code: 'auth_error' });
}
